import { addresses } from './invariants/addresses.ts'
import { capacity } from './invariants/capacity.ts'
import { goals } from './invariants/goals.ts'
import type { Invariant, Scene } from './invariants/invariant.ts'
import { nothingLost } from './invariants/nothing-lost.ts'
import { oneLeader } from './invariants/one-leader.ts'
import { replicaBounds } from './invariants/replica-bounds.ts'

/** All that must hold. Those with `onCommit` are safety: never, not even while things go wrong. Those with `atRest` are what comes true after. */
export const invariants = (scene: Scene): readonly Invariant[] => [
  replicaBounds(scene),
  oneLeader(scene),
  capacity(scene),
  addresses(scene),
  nothingLost(scene),
  goals(scene),
]
