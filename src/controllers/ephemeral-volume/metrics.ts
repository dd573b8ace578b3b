import type { ControllerMetric, Measure, MeasuredOutcome, Plan } from '#loop/controller.ts'

const tried = 'ephemeral_volume_controller_create_total'
const failed = 'ephemeral_volume_controller_create_failures_total'
const stability = 'ALPHA'

/** The reference's. */
export const ephemeralVolumeMetrics: readonly ControllerMetric[] = [
  { type: 'counter', name: tried, help: 'Claims that were made, or were to be.', stability },
  { type: 'counter', name: failed, help: 'Claims that could not be made.', stability },
]

/** What became of the claims that a look was to make. */
export function measureEphemeral({ commands }: Plan, { became }: MeasuredOutcome): readonly Measure[] {
  const ends = commands.filter((command) => command.do === 'create').map(became)
  return ends.flatMap((end): readonly Measure[] =>
    end === undefined ? [] : end === 'done' ? [{ metric: tried }] : [{ metric: tried }, { metric: failed }],
  )
}
