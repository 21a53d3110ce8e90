import { join } from "node:path";
import { REPO_ROOT } from "../paths";
import { keysOf, parseAll, property, readSources, textOf } from "./bicep/template";

/** A setting that infra/ gives the function app: its value when the file says it, undefined when Azure works it out. */
export interface BicepSetting {
  readonly name: string;
  readonly value: string | undefined;
}

/** The settings of the app in `infra/main.bicep`, in its order; not those of the host. @throws BicepError */
export function bicepAppSettings(infra = join(REPO_ROOT, "infra")): BicepSetting[] {
  const app = parseAll(readSources(infra))
    .get("main.bicep")
    ?.find(({ kind, name }) => kind === "module" && name === "app");
  const settings = property(property(app?.value, "params"), "settings");
  return keysOf(settings).map((name) => ({ name, value: textOf(property(settings, name)) }));
}
