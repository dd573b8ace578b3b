import { controllers } from '#controllers/mod.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import type { ConnectionFault } from '../faults.ts'
import type { MachineFault } from '../machine-faults.ts'
import type { Plan } from '../plan.ts'
import { type Outcome, runPlan } from '../run-plan.ts'
import { differences, endState } from './end-state.ts'
import { type Scenario, stageMs } from './scenario.ts'

/**
 * What a controller may have to live with. `intermediate`: it crashed between two writes. `stale`: what it sees is old. `unobserved`: it never
 * sees some states that there were, since its watches broke off and it had to list anew.
 */
export type Blindness = 'intermediate' | 'stale' | 'unobserved'
export const blindnesses: readonly Blindness[] = ['intermediate', 'stale', 'unobserved']

/** One field of the matrix: after which of the controller's writes its process dies; 0: it lives. */
export interface Cell {
  readonly scenario: Scenario
  readonly controller: string
  readonly blindness: Blindness
  readonly crashAfter: number
}

/** What a scenario comes to without faults. */
export interface Expected {
  readonly scenario: Scenario
  readonly state: readonly string[]
  readonly problems: readonly string[]
  /** How often each controller wrote. */
  readonly writes: ReadonlyMap<string, number>
}

export async function runWithoutFaults(scenario: Scenario): Promise<Expected> {
  const outcome = await runPlan(planOf(scenario, [], []), { quietMs })
  const writes = new Map<string, number>()
  for (const { who, change, atMs } of outcome.history.entries) {
    if (change === undefined || atMs < outcome.beganMs) continue
    const name = who.replace(/@.*$/, '')
    writes.set(name, (writes.get(name) ?? 0) + 1)
  }
  return { scenario, state: endState(outcome.world), problems: textsOf(outcome), writes }
}

/** All fields of a controller, or with `most` those of so many crashes, spread over its writes, and one life without a crash for each blindness. */
export function cellsOf({ scenario, writes }: Expected, controller: string, most = Infinity): readonly Cell[] {
  const count = Math.min(writes.get(controller) ?? 0, crashesMax)
  const all = Array.from({ length: count }, (_, index) => index + 1)
  if (most === Infinity)
    return blindnesses.flatMap((blindness) => [0, ...all].map((crashAfter) => ({ scenario, controller, blindness, crashAfter }))).slice(1)
  const chosen = all.filter((crash) => crash === 1 || crash === count || crash % Math.max(1, Math.ceil(count / most)) === 0)
  // Each crash with another blindness, so that a few cells see all of them.
  return chosen
    .slice(0, Math.max(most, 1))
    .map((crashAfter, index): Cell => ({ scenario, controller, blindness: blindnesses[index % 3]!, crashAfter }))
    .concat([{ scenario, controller, blindness: blindnesses[1 + (controller.length % 2)]!, crashAfter: 0 }])
}

/** What differs from a life without faults; empty: nothing. */
export async function runCell(
  cell: Cell,
  expected: Expected,
): Promise<{ readonly problems: readonly string[]; readonly outcome: Outcome }> {
  const { scenario, controller, blindness, crashAfter } = cell
  const crash: readonly MachineFault[] =
    crashAfter === 0 ? [] : [{ kind: 'server crash', fromMs: 0, downMs: 1_000, commits: crashAfter, when: 'after', by: controller }]
  const outcome = await runPlan(planOf(scenario, blinding(blindness, scenario), crash), { quietMs })
  return { problems: [...textsOf(outcome), ...differences(expected.state, endState(outcome.world))], outcome }
}

export const nameOf = ({ scenario, controller, blindness, crashAfter }: Cell): string =>
  `${controller}, ${blindness}${crashAfter > 0 ? `, crash after write ${crashAfter}` : ''} (${scenario.name})`

/** The resources whose changes a controller hears of. */
export function resourcesOf(controller: string): readonly string[] {
  const config = { served: createServedKinds([]), kinds: [], rootCa: '', apiServer: { addresses: [], port: 0, clusterIp: '' } }
  const found = controllers(config).find(({ name }) => name === controller)
  return [...new Set((found?.sources ?? []).map(({ kind }) => kind.plural))]
}

const quietMs = 20_000
/** Of a controller that writes more often in a scenario only the first writes count: the rest is more of the same. */
const crashesMax = 24
const reader = 'kube-controller-manager'

function blinding(blindness: Blindness, { stages }: Scenario): readonly ConnectionFault[] {
  const window = { client: reader, fromMs: 0, toMs: stages.length * stageMs }
  if (blindness === 'stale') return [{ kind: 'late watch', ...window, delayMs: 4_000 }]
  if (blindness === 'intermediate') return []
  const times = stages.flatMap((_, index) => [900, 2_600, 5_700, 13_000].map((afterMs) => index * stageMs + afterMs))
  return [
    // What is on its way when a watch breaks off is never seen.
    { kind: 'late watch', ...window, delayMs: 10_000 },
    ...times.map((fromMs): ConnectionFault => ({ kind: 'dropped watch', client: reader, fromMs, toMs: fromMs + 1, how: 'expired' })),
  ]
}

const planOf = (
  { nodes = 0, stages, machineFaults = [], features, lastMs = stageMs }: Scenario,
  connectionFaults: readonly ConnectionFault[],
  more: readonly MachineFault[],
): Plan => ({
  seed: 1,
  nodes,
  cpuCount: 8,
  latencyMs: 50,
  steps: stages.flatMap((actions, stage) => actions.map((action, index) => ({ atMs: stage * stageMs + 500 + index * 50, ...action }))),
  connectionFaults,
  features,
  machineFaults: [...machineFaults, ...more],
  endMs: (stages.length - 1) * stageMs + lastMs,
})

const textsOf = ({ problems }: Outcome): string[] => problems.map(({ invariant, text }) => `${invariant}: ${text}`)
