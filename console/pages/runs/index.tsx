import type { PageProps } from "../../app/pages";
import { RunList } from "./run-list";
import { RunPage } from "./run-page";

/** `runs` lists, `runs/<id>` shows one. */
export default function RunsPage({ rest: [runId] }: PageProps) {
  return runId ? <RunPage runId={runId} /> : <RunList />;
}
