/** Passwords by user name. */
export type Users = ReadonlyMap<string, string>;

/** The users of k8s/clickhouse, with the passwords its StatefulSet passes. @throws Error naming what is missing. */
export function knownUsers(env: Readonly<Record<string, string | undefined>>): Users {
  return new Map(
    (["insert", "read", "operate", "resolve", "migrate", "lake", "restore"] as const).map((role) => {
      const variable = `CLICKHOUSE_${role.toUpperCase()}_PASSWORD`;
      const password = env[variable];
      if (!password) throw new Error(`${variable} is not set`);
      return [`countinghouse_${role}`, password];
    }),
  );
}

/** The request as the engine's only user when its own credentials are right; otherwise as nobody, so that it is refused. */
export function withCredentials(request: Request, users: Users, inner: { user: string; password: string }): Request {
  const given = presented(request);
  const known = given !== undefined && users.get(given.user) === given.password;
  const name = given?.user ?? "default";
  const { user, password } = known ? inner : { user: name, password: "" };
  const headers = new Headers(request.headers);
  headers.set("authorization", `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`);
  headers.delete("x-clickhouse-user");
  headers.delete("x-clickhouse-key");
  return new Request(request, { headers });
}

function presented(request: Request): { user: string; password: string } | undefined {
  const header = request.headers.get("x-clickhouse-user");
  if (header !== null) return { user: header, password: request.headers.get("x-clickhouse-key") ?? "" };
  const basic = /^Basic (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (basic === undefined) return undefined;
  const [user = "", ...password] = Buffer.from(basic, "base64").toString().split(":");
  return { user, password: password.join(":") };
}
