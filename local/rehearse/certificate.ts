import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { PYTHON } from "../paths";

/** Files of a certificate for 127.0.0.1 and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Node makes no certificates; the Python of the set-up has the library for it. */
const PROGRAM = `
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Batchkeeper rehearsal")])
now = datetime.datetime.now(datetime.timezone.utc)
address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
certificate = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
    .add_extension(x509.SubjectAlternativeName([address]), critical=False)
    .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    .sign(key, hashes.SHA256())
)
private = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
open(sys.argv[1], "wb").write(certificate.public_bytes(serialization.Encoding.PEM))
open(sys.argv[2], "wb").write(private)
`;

/** Makes a self-signed certificate for a day. Storage takes tokens over TLS alone. */
export function makeCertificate(folder: string): Certificate {
  const certificate = { cert: join(folder, "storage.pem"), key: join(folder, "storage.key.pem") };
  execFileSync(PYTHON, ["-c", PROGRAM, certificate.cert, certificate.key], { stdio: "pipe" });
  return certificate;
}
