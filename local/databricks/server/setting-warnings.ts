import { triggerFault } from "./job-triggers";
import { destinationIds } from "./notifications";
import { isObject } from "./params";
import type { JobRecord, JobSettings, TaskRunRecord, TaskSettings } from "./records";

/** Settings of one kind of object: those served, or without meaning on one machine, and why the others have no effect here. */
interface Known {
  readonly served: readonly string[];
  readonly ignored: Readonly<Record<string, string>>;
}

const NO_MAIL = "no mail is sent";
const NO_HEALTH = "health rules are not watched";

const JOB: Known = {
  served: `name description tags tasks parameters max_concurrent_runs timeout_seconds queue schedule trigger continuous
    webhook_notifications notification_settings job_clusters format edit_mode deployment parent_path access_control_list
    performance_target budget_policy_id usage_policy_id`.split(/\s+/),
  ignored: {
    email_notifications: NO_MAIL,
    health: NO_HEALTH,
    run_as: "every run has the one identity of the local workspace",
    git_source: "no Git checkout is made",
    environments: "serverless environments are not built",
    environment_variables: "use spark_env_vars of the cluster",
  },
};
const TASK: Known = {
  served: `task_key description depends_on run_if notebook_task max_retries min_retry_interval_millis retry_on_timeout
    timeout_seconds disabled libraries job_cluster_key new_cluster notification_settings disable_auto_optimization`.split(
    /\s+/,
  ),
  ignored: {
    webhook_notifications: "only those of the job are sent",
    email_notifications: NO_MAIL,
    health: NO_HEALTH,
    existing_cluster_id: "the task runs on the local cluster",
    environment_key: "serverless environments are not built",
    environment_variables_key: "use spark_env_vars of the cluster",
    compute: "the task runs on the local cluster",
  },
};
/** What sizes, places or names a cluster is no more than a wish to a cluster that is this machine. */
const CLUSTER: Known = {
  served:
    `spark_conf spark_env_vars spark_version node_type_id driver_node_type_id num_workers autoscale instance_pool_id
    driver_instance_pool_id data_security_mode single_user_name custom_tags azure_attributes aws_attributes gcp_attributes
    runtime_engine enable_elastic_disk enable_local_disk_encryption autotermination_minutes policy_id
    apply_policy_default_values cluster_name kind is_single_node use_ml_runtime workload_type ssh_public_keys
    node_type_flexibility driver_node_type_flexibility worker_node_type_flexibility remote_disk_throughput
    total_initial_remote_disk_size dependency_mode`.split(/\s+/),
  ignored: {
    init_scripts: "init scripts are not run",
    docker_image: "the local cluster runs in no container",
    cluster_log_conf: "logs stay in the state folder",
  },
};
const NOTEBOOK: Known = {
  served: ["notebook_path", "base_parameters", "source"],
  ignored: { warehouse_id: "the notebook runs on the local cluster" },
};
const NO_CONDITION = { sql_condition: "the condition is not evaluated" };
const SCHEDULE: Known = { served: ["quartz_cron_expression", "timezone_id", "pause_status"], ignored: NO_CONDITION };
const TRIGGER: Known = {
  served: ["periodic", "pause_status"],
  ignored: {
    ...NO_CONDITION,
    file_arrival: "the job starts by run-now only",
    table_update: "the job starts by run-now only",
    model: "the job starts by run-now only",
  },
};
const CONTINUOUS: Known = {
  served: ["pause_status", "maintenance_window"],
  ignored: { task_retry_mode: "tasks are retried by their max_retries only" },
};
const WEBHOOKS: Known = {
  served: ["on_start", "on_success", "on_failure"],
  ignored: {
    on_duration_warning_threshold_exceeded: NO_HEALTH,
    on_streaming_backlog_exceeded: NO_HEALTH,
  },
};

/** Whether a setting is as if it were not given; `NEVER` is the default of `task_retry_mode`. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false || value === "NEVER") return true;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}

function review(value: unknown, known: Known, where: string): string[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    if (known.served.includes(name) || isEmpty(item)) return [];
    const reason = known.ignored[name] ?? "the local Databricks does not know this setting";
    return [`${where}${name} has no effect here: ${reason}.`];
  });
}

function reviewTask(task: TaskSettings): string[] {
  const where = `Task ${task.task_key}: `;
  return [
    ...review(task, TASK, where),
    ...review(task.notebook_task, NOTEBOOK, `${where}notebook_task.`),
    ...review(task.new_cluster, CLUSTER, `${where}new_cluster.`),
  ];
}

/** Tells what of a job's settings has no effect on the local Databricks, unknown settings too. */
export class SettingWarnings {
  /** @param isDestination - whether a notification destination of this id exists */
  constructor(
    private readonly isDestination: (id: string) => boolean,
    private readonly log: (line: string) => void,
  ) {}

  /** One sentence for each setting. */
  list(settings: JobSettings): string[] {
    const wanted = new Set(WEBHOOKS.served.flatMap((event) => destinationIds(settings, event)));
    const missing = [...wanted].filter((id) => !this.isDestination(id));
    const clusters = settings.job_clusters ?? [];
    const fault = triggerFault(settings);
    return [
      ...(fault === undefined ? [] : [`The job starts by run-now only. ${fault}`]),
      ...review(settings, JOB, ""),
      ...review(settings["schedule"], SCHEDULE, "schedule."),
      ...review(settings["trigger"], TRIGGER, "trigger."),
      ...review(settings["continuous"], CONTINUOUS, "continuous."),
      ...review(settings["webhook_notifications"], WEBHOOKS, "webhook_notifications."),
      ...missing.map((id) => `webhook_notifications: notification destination ${id} does not exist.`),
      ...clusters.flatMap((cluster) =>
        review(cluster.new_cluster, CLUSTER, `Job cluster ${cluster.job_cluster_key}: `),
      ),
      ...settings.tasks.flatMap(reviewTask),
    ];
  }

  /** The field `warnings` of an answer, absent when there is nothing to tell. */
  of(settings: JobSettings, tasks: readonly TaskRunRecord[] = []): { warnings?: readonly string[] } {
    const all = [...this.list(settings), ...tasks.flatMap((task) => task.warnings ?? [])];
    return all.length > 0 ? { warnings: all } : {};
  }

  /** As {@link of}, and writes the log: for settings that are new. */
  tell(job: JobRecord): { warnings?: readonly string[] } {
    for (const warning of this.list(job.settings)) this.log(`job ${job.jobId} "${job.settings.name}": ${warning}`);
    return this.of(job.settings);
  }
}
