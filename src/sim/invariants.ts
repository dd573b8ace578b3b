import { addresses } from './invariants/addresses.ts'
import { budgets } from './invariants/budgets.ts'
import { capacity } from './invariants/capacity.ts'
import { daemonSets } from './invariants/daemon-sets.ts'
import { endpoints } from './invariants/endpoints.ts'
import { goals } from './invariants/goals.ts'
import type { Invariant, Scene } from './invariants/invariant.ts'
import { jobs } from './invariants/jobs.ts'
import { nothingLost } from './invariants/nothing-lost.ts'
import { oneLeader } from './invariants/one-leader.ts'
import { placement } from './invariants/placement.ts'
import { replicaBounds } from './invariants/replica-bounds.ts'
import { scheduling } from './invariants/scheduling.ts'
import { statefulSets } from './invariants/stateful-sets.ts'
import { workloadGoals } from './invariants/workload-goals.ts'

/** All that must hold. Those with `onCommit` are safety: never, not even while things go wrong. Those with `atRest` are what comes true after. */
export const invariants = (scene: Scene): readonly Invariant[] => [
  replicaBounds(scene),
  oneLeader(scene),
  capacity(scene),
  placement(scene),
  scheduling(scene),
  addresses(scene),
  endpoints(scene),
  nothingLost(scene),
  statefulSets(scene),
  daemonSets(scene),
  jobs(scene),
  budgets(scene),
  goals(scene),
  workloadGoals(scene),
]
