/** Both forms of a state, as far as tests read them. */
interface States {
  readonly state: { readonly life_cycle_state: string; readonly result_state?: string; readonly state_message: string };
  readonly status: {
    readonly state: string;
    readonly termination_details: { readonly code: string; readonly type: string; readonly message: string };
  };
  readonly start_time: number;
  readonly end_time: number;
  readonly run_id: number;
}

export interface WireTask extends States {
  readonly notebook_task?: { readonly notebook_path: string };
  readonly task_key: string;
  readonly attempt_number: number;
  readonly original_attempt_run_id: number;
}

export interface WireRun extends States {
  readonly job_id: number;
  readonly run_page_url: string;
  readonly job_parameters: readonly object[];
  readonly tasks: readonly [WireTask, ...WireTask[]];
  readonly trigger: string;
  readonly warnings: readonly string[];
  readonly repair_history: readonly (States & { readonly type: string; readonly id?: number })[];
}

export interface WireOutput {
  readonly metadata: WireRun;
  readonly notebook_output: { readonly result: string; readonly truncated: boolean };
  readonly error: string;
  readonly error_trace: string;
}

interface WireJob {
  readonly job_id: number;
  readonly settings: {
    readonly name: string;
    readonly queue: object;
    readonly tasks: readonly object[];
    readonly parameters: readonly object[];
  };
}

/** The JSON of all answers together; a test reads the fields that its call brings. */
export interface WireBody extends WireRun, WireOutput, WireJob {
  readonly jobs: readonly [WireJob, ...WireJob[]];
  readonly runs: readonly WireRun[];
  readonly next_page_token: string;
  readonly prev_page_token: string;
  readonly error_code: string;
  readonly message: string;
  readonly repair_id: number;
  readonly id: string;
  readonly objects: readonly { readonly path: string }[];
  readonly contents: readonly object[];
  readonly content: string;
  readonly value: string;
  readonly secrets: readonly object[];
  readonly access_control_list: readonly {
    readonly user_name?: string;
    readonly group_name?: string;
    readonly all_permissions: readonly { readonly permission_level: string }[];
  }[];
  readonly access_token: string;
}
