import type { FC } from "hono/jsx";
import { Heading } from "./parts.tsx";

export const LoginPage: FC<{ to: string; wrong: boolean; readable: boolean }> = ({ to, wrong, readable }) => (
  <div class="stack narrow">
    <Heading title="Log in" />
    <form class="panel stack" method="post" action="/login">
      <p class="note">
        {readable ? "Reading needs no token. " : ""}
        The token is what <code>CONSOLE_TOKEN</code> was set to where the console runs.
      </p>
      {wrong ? (
        <p class="banner banner-bad" role="alert">
          That is not the token.
        </p>
      ) : undefined}
      <input type="hidden" name="to" value={to} />
      <div class="field">
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required />
      </div>
      <div class="actions">
        <button type="submit" class="primary">
          Log in
        </button>
      </div>
    </form>
  </div>
);
