/** The text that a field of a sent form holds; empty when the form has no such text field. */
export function formText(event: SubmitEvent, field: string): string {
  const value = new FormData(event.currentTarget as HTMLFormElement).get(field);
  return typeof value === "string" ? value : "";
}
