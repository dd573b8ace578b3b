import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { quantityToNumber } from '#lib/quantity.ts'

/** How far a ratio may be off 1, to either side. */
export interface Tolerances {
  readonly down: number
  readonly up: number
}

/** The autoscaler's own (KEP-4951, on by default since v1.35), else the cluster's. */
export const tolerancesOf = ({ spec: { behavior } }: HorizontalPodAutoscaler, usual: number): Tolerances => ({
  down: behavior?.scaleDown?.tolerance === undefined ? usual : quantityToNumber(behavior.scaleDown.tolerance),
  up: behavior?.scaleUp?.tolerance === undefined ? usual : quantityToNumber(behavior.scaleUp.tolerance),
})

export const isWithin = ({ down, up }: Tolerances, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up
