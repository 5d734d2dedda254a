import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { AppError } from "./errors.ts";

/** Why a connection with TLS did not come about. */
export type TlsFailure = "expired" | "untrusted" | "host_mismatch" | "no_tls";

/** Error codes of OpenSSL's and BoringSSL's verification and of the runtime's host name check. */
const FAILURES: Readonly<Record<string, TlsFailure>> = {
  CERT_HAS_EXPIRED: "expired",
  CERT_NOT_YET_VALID: "expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "host_mismatch",
  CERT_REVOKED: "untrusted",
  CERT_SIGNATURE_FAILURE: "untrusted",
  CERT_UNTRUSTED: "untrusted",
  DEPTH_ZERO_SELF_SIGNED_CERT: "untrusted",
  INVALID_CA: "untrusted",
  SELF_SIGNED_CERT_IN_CHAIN: "untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "untrusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "untrusted",
  // The other side answered the first message of TLS in another protocol.
  ERR_SSL_WRONG_VERSION_NUMBER: "no_tls",
};

/** What the code of a socket's error says of TLS; undefined when it says nothing. */
export function tlsFailure(code: unknown): TlsFailure | undefined {
  return typeof code === "string" && Object.hasOwn(FAILURES, code) ? FAILURES[code] : undefined;
}

/**
 * The certificates in a PEM file.
 * @throws AppError `CA_UNREADABLE` when it cannot be read or holds no certificate: a connection would say nothing of it.
 */
export function readCaFile(path: string): string {
  try {
    const pem = readFileSync(path, "utf8");
    new X509Certificate(pem);
    return pem;
  } catch {
    throw new AppError("CA_UNREADABLE", `${path} cannot be read, or holds no certificate in PEM form`, {
      retry: false,
    });
  }
}
