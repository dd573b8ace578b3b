import type { KubeObject } from '#api/kind.ts'
import { deepEqual } from '#schema/fields.ts'
import type { Admission } from '../contract.ts'

/** What the two rounds of a mutating plug-in over one write know of each other. */
export interface ReinvocationRound {
  /** Asked, and willing to be asked again. */
  invoked: Set<string>
  /** To be asked again. */
  readonly again: Set<string>
  output: KubeObject | undefined
  /** All that were asked so far, and want it, are asked once more. */
  requireAgain(): void
}

/** The present write's round of the plug-in called `name`; begun where there is none yet. */
export function reinvocationRound({ reinvocation, object }: Admission, name: string): ReinvocationRound {
  const present = reinvocation.memory.get(name) as ReinvocationRound | undefined
  if (present !== undefined) {
    // Somebody else has changed what the plug-in left.
    if (reinvocation.isAgain && !deepEqual(present.output, object)) present.requireAgain()
    return present
  }
  const round: ReinvocationRound = {
    invoked: new Set(),
    again: new Set(),
    output: undefined,
    requireAgain() {
      for (const id of round.invoked) round.again.add(id)
      round.invoked = new Set()
    },
  }
  reinvocation.memory.set(name, round)
  return round
}
