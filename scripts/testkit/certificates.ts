import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate with its key, as PEM files. */
export interface Certificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Key (PKCS#8), certificate and authority in one file, as a Kafka broker reads them. */
  readonly keystoreFile: string;
}

/** What a certificate says. */
export interface CertificateRequest {
  /** Common name, also the name of the files. */
  readonly name: string;
  /** Alternative names in openssl's form: `IP:127.0.0.1`, `DNS:localhost`. */
  readonly hosts: readonly string[];
  /** Beginning and end of its validity; default: from now on for a day. */
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

/** The program `openssl` is missing or refused. */
export class CertificateError extends Error {
  readonly code = "certificate";
  readonly retry = false;
}

const DAY_MS = 86_400_000;
const EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;

const caConfig = (dir: string) => `[ca]
default_ca = own
[own]
database = ${dir}/index.txt
new_certs_dir = ${dir}
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
`;

/** A certificate authority of its own in a directory, for tests and local use; its keys protect nothing of worth. */
export class CertificateAuthority {
  private constructor(readonly dir: string) {}

  /** Makes the authority's key and certificate in `dir`. @throws {CertificateError} */
  static async create(dir: string, name = "countinghouse test authority"): Promise<CertificateAuthority> {
    mkdirSync(dir, { recursive: true });
    const authority = new CertificateAuthority(dir);
    writeFileSync(join(dir, "index.txt"), "");
    writeFileSync(join(dir, "ca.cnf"), caConfig(dir));
    const files = ["-keyout", join(dir, "ca.key"), "-out", authority.caFile];
    await openssl(["req", "-x509", ...EC_KEY, ...files, "-subj", `/CN=${name}`, "-days", "2"]);
    return authority;
  }

  /** The certificate that clients trust. */
  get caFile(): string {
    return join(this.dir, "ca.crt");
  }

  /** Signs a certificate for a new key. @throws {CertificateError} */
  async issue(request: CertificateRequest): Promise<Certificate> {
    const { name, hosts } = request;
    const { validFrom = new Date(Date.now() - DAY_MS), validTo = new Date(Date.now() + DAY_MS) } = request;
    const file = (extension: string) => join(this.dir, `${name}.${extension}`);
    const csr = ["-keyout", file("key"), "-out", file("csr")];
    await openssl(["req", ...EC_KEY, ...csr, "-subj", `/CN=${name}`]);
    writeFileSync(file("ext"), `subjectAltName=${hosts.join(",")}\n`);
    const authority = ["-config", join(this.dir, "ca.cnf"), "-cert", this.caFile, "-keyfile", join(this.dir, "ca.key")];
    const validity = ["-startdate", openSslTime(validFrom), "-enddate", openSslTime(validTo)];
    const signed = ["-in", file("csr"), "-out", file("crt"), "-extfile", file("ext"), "-notext"];
    await openssl(["ca", "-batch", ...authority, ...validity, ...signed]);
    const parts = [file("key"), file("crt"), this.caFile].map((path) => readFileSync(path, "utf8"));
    writeFileSync(file("pem"), parts.join(""), { mode: 0o600 });
    return { certificateFile: file("crt"), keyFile: file("key"), keystoreFile: file("pem") };
  }
}

/** `20260501120000Z` */
function openSslTime(time: Date): string {
  return `${time.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
}

async function openssl(args: readonly string[]): Promise<void> {
  if (Bun.which("openssl") === null) throw new CertificateError("openssl is missing: install the package openssl");
  const child = Bun.spawn(["openssl", ...args], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [code, err] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (code !== 0) throw new CertificateError(`openssl ${args[0]} failed (exit ${code})\n${err.slice(-2000)}`);
}
