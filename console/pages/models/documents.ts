/** What the step `evaluation` of a training says: the gate's decision and its reasons. */
export interface GateDecision {
  readonly decision: string;
  readonly for: readonly string[];
  readonly against: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a monitoring run found. */
export interface Monitoring {
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly evaluations: readonly Evaluation[];
  readonly calibration: readonly Calibration[];
  readonly drift: readonly Drift[];
}

export interface Evaluation {
  readonly model_version: string;
  readonly horizon_h: number;
  readonly f1: number;
  readonly rule_f1: number;
  readonly precision?: number;
  readonly recall?: number;
  readonly positives: number;
  /** One part, or all together. */
  readonly component?: string;
  readonly target?: string;
}

export interface Calibration {
  readonly model_version: string;
  readonly horizon_h: number;
  readonly bins: readonly Readonly<Record<string, number>>[];
}

export interface Drift {
  readonly feature: string;
  readonly psi: number;
  readonly missing: number;
}

/** From here on a feature has drifted. */
export const SERIOUS_PSI = 0.25;
