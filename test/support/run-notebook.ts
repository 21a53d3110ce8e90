import { setTimeout as pause } from "node:timers/promises";
import type { LocalDatabricks } from "../../local/databricks/spawn";

type RunAnswer = {
  readonly state: { readonly life_cycle_state: string; readonly result_state?: string; readonly state_message: string };
};

/** Runs Python code as a one-time run, as a person would from a notebook. @throws Error when it does not succeed */
export async function runNotebook(databricks: LocalDatabricks, code: string): Promise<void> {
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
  const tasks = [{ task_key: "by_hand", notebook_task: { notebook_path: path } }];
  const { run_id } = await call<{ run_id: number }>("POST", "/api/2.2/jobs/runs/submit", {
    run_name: "by hand",
    tasks,
  });
  for (;;) {
    const { state } = await call<RunAnswer>("GET", `/api/2.2/jobs/runs/get?run_id=${run_id}`);
    if (state.result_state === "SUCCESS") return;
    if (state.result_state !== undefined)
      throw new Error(`the notebook ended as ${state.result_state}: ${state.state_message}`);
    await pause(100);
  }
}
