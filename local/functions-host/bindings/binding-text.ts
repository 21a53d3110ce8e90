import { resolveSettings } from "../settings";
import type { BindingData } from "../worker/binding-data";
import { textOption } from "../worker/core-types";
import type { Binding } from "../worker/core-types";
import { resolveExpressions } from "./expression";

/**
 * A text option of a binding: its `%SETTING%`s are replaced now, its binding expressions at each invocation.
 * @throws HostError or Error naming `user` and the option when it is missing, or a setting of it is
 */
export function bindingText(
  binding: Binding,
  option: string,
  user: string,
  escape?: (value: string) => string,
): (data: BindingData) => string {
  const text = textOption(binding, option, "");
  if (text === "") throw new Error(`${user}: "${option}" is missing`);
  const template = resolveSettings(text, `"${option}" of ${user}`);
  return (data) => resolveExpressions(template, data, user, escape);
}

/** Like `bindingText`; undefined when the option is not set. */
export function optionalBindingText(
  binding: Binding,
  option: string,
  user: string,
  escape?: (value: string) => string,
): ((data: BindingData) => string) | undefined {
  return textOption(binding, option, "") === "" ? undefined : bindingText(binding, option, user, escape);
}
