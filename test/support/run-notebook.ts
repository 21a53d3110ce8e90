import { setTimeout as pause } from "node:timers/promises";
import type { LocalDatabricks } from "../../local/databricks/spawn";

type RunAnswer = {
  readonly state: { readonly life_cycle_state: string; readonly result_state?: string; readonly state_message: string };
  readonly tasks: readonly { readonly run_id: number }[];
};
type OutputAnswer = { readonly notebook_output?: { readonly result?: string } };

/**
 * Runs Python code as a one-time run, as a person would from a notebook.
 * @returns what it gave to `dbutils.notebook.exit`, or null
 * @throws Error when it does not succeed
 */
export async function runNotebook(databricks: LocalDatabricks, code: string): Promise<string | null> {
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = { authorization: `Bearer ${databricks.token}`, "content-type": "application/json" };
    const response = await fetch(`${databricks.url}${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const path = "/Shared/by-hand";
  const content = Buffer.from(`# Databricks notebook source\n${code}\n`).toString("base64");
  await call("POST", "/api/2.0/workspace/mkdirs", { path: "/Shared" });
  await call("POST", "/api/2.0/workspace/import", {
    path,
    format: "SOURCE",
    language: "PYTHON",
    overwrite: true,
    content,
  });
  const { run_id } = await call<{ run_id: number }>("POST", "/api/2.2/jobs/runs/submit", {
    run_name: "by hand",
    tasks: [{ task_key: "by_hand", notebook_task: { notebook_path: path } }],
  });
  for (;;) {
    const { state, tasks } = await call<RunAnswer>("GET", `/api/2.2/jobs/runs/get?run_id=${run_id}`);
    if (state.result_state === "SUCCESS") {
      const output = `/api/2.2/jobs/runs/get-output?run_id=${tasks[0]?.run_id ?? run_id}`;
      return (await call<OutputAnswer>("GET", output)).notebook_output?.result ?? null;
    }
    if (state.result_state !== undefined)
      throw new Error(`the notebook ended as ${state.result_state}: ${state.state_message}`);
    await pause(100);
  }
}
