import { spawn } from "node:child_process";
import { SetupError, say, seconds } from "./progress.mjs";

const HEARTBEAT_MS = 10_000;

const KNOWN_FAULTS = [
  [
    /ENOSPC|No space left on device/i,
    "the disk is full",
    "Free about 4 GB, then run the command again; it goes on where it stopped.",
  ],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ConnectTimeout|Failed to establish a new connection|Temporary failure in name resolution|UnknownHostException/i,
    "a package registry cannot be reached",
    "Check the network and the proxy settings (HTTPS_PROXY, npm config, pip config), then run the command again.",
  ],
  [
    /SELF_SIGNED_CERT|CERTIFICATE_VERIFY_FAILED|UNABLE_TO_GET_ISSUER|PKIX path/i,
    "a package registry's certificate is not trusted",
    "Behind a company proxy set NODE_EXTRA_CA_CERTS, PIP_CERT and SSL_CERT_FILE to its certificate bundle.",
  ],
  [
    /THESE PACKAGES DO NOT MATCH THE HASHES|EINTEGRITY/i,
    "a downloaded package differs from the locked one",
    "Do not go on: a registry or a proxy serves other bytes than were locked.",
  ],
];

/**
 * Runs a command, with a sign of life every ten seconds.
 * @returns its standard output
 * @throws SetupError with the remedy for a known fault, else with the end of the output
 */
export function runCommand(label, command, args, options = {}) {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    let last = "";
    const keep = (chunk) => {
      output += chunk;
      last = String(chunk).trim().split("\n").at(-1)?.slice(0, 100) || last;
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const heartbeat = setInterval(() => say(`${label}: ${seconds(started)}${last ? `, ${last}` : ""}`), HEARTBEAT_MS);
    child.on("error", (error) => {
      clearInterval(heartbeat);
      reject(new SetupError(`${label}: cannot run ${command}: ${error.message}`, "Is it installed and on the PATH?"));
    });
    child.on("close", (code) => {
      clearInterval(heartbeat);
      if (code === 0) return resolve(output);
      const known = KNOWN_FAULTS.find(([pattern]) => pattern.test(output));
      const tail = output.trim().split("\n").slice(-15).join("\n");
      reject(
        known
          ? new SetupError(`${label}: ${known[1]}`, known[2])
          : new SetupError(`${label} failed (exit code ${code})`, `Its last lines:\n${tail}`),
      );
    });
  });
}
