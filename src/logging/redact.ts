/** Takes secrets out of text that leaves the process. */

const RULES: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer)\s+[A-Za-z0-9._~+/=-]{6,}/gi, "$1 [redacted]"],
  // An upper-case letter or digit tells credentials from the words "Basic authentication".
  [/\b(Basic)\s+(?=\S*[A-Z0-9])[A-Za-z0-9+/]{8,}={0,2}/g, "$1 [redacted]"],
  [/\b(?:dapi|dkea|dose|dsa)[0-9a-f]{16,}(?:-\d+)?\b/gi, "[redacted]"],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g, "[redacted]"],
  [
    /\b(AccountKey|SharedAccessSignature|client_secret|access_token|password)(["']?\s*[=:]\s*["']?)[^\s;&"',}]+/gi,
    "$1$2[redacted]",
  ],
  [/([?&](?:sig|code|token|access_token|key)=)[^\s&"'#]+/gi, "$1[redacted]"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@:]+:[^\s/@]+@/gi, "$1[redacted]@"],
];

// eslint would flag the control character in a literal; it begins the colour codes of a Databricks traceback.
const COLOUR_CODES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, "g");

/** The text without tokens, keys, signatures and passwords, as far as their form tells them, and without `secrets`. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, "[redacted]");
  for (const [pattern, replacement] of RULES) clean = clean.replace(pattern, replacement);
  return clean;
}

/** Text from elsewhere, made fit for records and logs: redacted, no colour codes, at most `maxLength` characters. */
export function boundedText(text: string, maxLength: number, secrets: readonly string[] = []): string {
  // Cut long input first, generously, so that the rules never run over megabytes of user data.
  const clean = redact(text.slice(0, maxLength * 4).replace(COLOUR_CODES, ""), secrets).trim();
  return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength - 1)}…`;
}
