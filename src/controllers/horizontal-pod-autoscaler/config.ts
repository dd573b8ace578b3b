/** Defaults and meaning as of kube-controller-manager's `--horizontal-pod-autoscaler-…` flags. */
export interface AutoscalerConfig {
  /** How often an autoscaler is looked at. */
  readonly syncMs: number
  /** Of how long past advice the most cautious is followed before pods are taken away. */
  readonly downscaleStabilizationMs: number
  /** How far a metric may be off its target, as a share. */
  readonly tolerance: number
  /** How long after its start a pod may use much of the processor only because it starts. */
  readonly cpuInitializationMs: number
  /** How soon after its start a pod that becomes unready may be one that was never ready. */
  readonly initialReadinessDelayMs: number
  /** The gate HPAScaleToZero, off in v1.36: pods may be scaled to none, and from none, by object and external metrics. */
  readonly scaleToZero: boolean
}

export const autoscalerDefaults: AutoscalerConfig = {
  syncMs: 15_000,
  downscaleStabilizationMs: 300_000,
  tolerance: 0.1,
  cpuInitializationMs: 300_000,
  initialReadinessDelayMs: 30_000,
  scaleToZero: false,
}
