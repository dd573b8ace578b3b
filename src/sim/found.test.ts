/** What lives of clusters went wrong once, in the smallest form that showed it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan } from './plan.ts'
import { runPlan } from './run-plan.ts'
import type { Wish } from './steps.ts'

const web = { namespace: 'default', name: 'web' }
const wish: Wish = {
  replicas: 3,
  image: 'web:1',
  strategy: 'RollingUpdate',
  surge: 1,
  unavailable: 0,
  isProbed: false,
  graceSeconds: 1,
  minReadySeconds: 0,
  historyLimit: 10,
}

holds('a late watch makes a kubelet ask for the end of a pod only once', {
  nodes: 2,
  steps: [
    { atMs: 1_000, do: 'create', deployment: web, wish },
    { atMs: 20_000, do: 'delete', deployment: web, propagation: 'Background' },
  ],
  connectionFaults: [{ kind: 'late watch', client: '*', fromMs: 15_000, toMs: 50_000, delayMs: 10_000 }],
  endMs: 60_000,
  most: { 'DELETE of pods': 12 },
})

holds('a pod without grace leaves its services', {
  steps: [
    { atMs: 340, do: 'create', deployment: web, wish: { ...wish, graceSeconds: 0 } },
    { atMs: 3_900, do: 'expose', deployment: web },
    { atMs: 14_870, do: 'scale', deployment: web, replicas: 2 },
  ],
  endMs: 20_000,
})

holds('pods come back ready on a node that was rebooted, though answers to their statuses are lost', {
  steps: [{ atMs: 13_703, do: 'create', deployment: web, wish: { ...wish, minReadySeconds: 5 } }],
  connectionFaults: [{ kind: 'failing write', client: '*', fromMs: 76_038, toMs: 101_237, how: 'timed out', share: 0.55 }],
  machineFaults: [{ kind: 'node reboot', node: 0, fromMs: 58_738, downMs: 18_653 }],
  endMs: 100_739,
})

holds('a rollout that is scaled down does not count on pods that are about to go', {
  nodes: 2,
  steps: [
    { atMs: 1_000, do: 'create', deployment: web, wish: { ...wish, replicas: 6, surge: 2, graceSeconds: 0, minReadySeconds: 5 } },
    { atMs: 20_000, do: 'roll', deployment: web, image: 'missing:1' },
    { atMs: 32_000, do: 'scale', deployment: web, replicas: 2 },
    { atMs: 50_000, do: 'roll', deployment: web, image: 'web:2' },
  ],
  endMs: 50_000,
})

holds('a node that was away, and its pods, are ready as soon as it is back', {
  nodes: 3,
  steps: [{ atMs: 1_000, do: 'create', deployment: web, wish: { ...wish, replicas: 6 } }],
  machineFaults: [{ kind: 'node loss', node: 2, fromMs: 20_000, toMs: 90_000 }],
  endMs: 90_000,
  withinMs: 40_000,
})

holds('a node whose object was deleted registers at once', {
  nodes: 2,
  steps: [{ atMs: 5_000, do: 'delete node', node: 0 }],
  endMs: 10_000,
  withinMs: 20_000,
})

for (const commits of [1, 2, 3, 5, 8])
  holds(`a leader that was held up with its write ${commits} on its way does not do it when another one leads`, {
    nodes: 1,
    steps: [
      { atMs: 5_000, do: 'create', deployment: web, wish },
      { atMs: 12_000, do: 'roll', deployment: web, image: 'web:2' },
    ],
    machineFaults: [
      { kind: 'second server', fromMs: 0, toMs: 100_000 },
      { kind: 'server pause', fromMs: 5_000, forMs: 60_000, commits },
    ],
    endMs: 110_000,
  })

holds('nobody waits for a server that was taken away while it was held up', {
  nodes: 2,
  steps: [{ atMs: 20_000, do: 'create', deployment: web, wish }],
  machineFaults: [
    { kind: 'second server', fromMs: 0, toMs: 40_000 },
    { kind: 'server crash', fromMs: 1_000, downMs: 45_000 },
    { kind: 'server pause', fromMs: 30_000, forMs: 60_000 },
  ],
  endMs: 60_000,
})

interface Case extends Partial<Plan> {
  /** Of requests of this kind there may be at most so many. */
  readonly most?: Readonly<Record<string, number>>
  /** How long after the end of all faults everything may take. */
  readonly withinMs?: number
}

function holds(name: string, { most = {}, withinMs, ...part }: Case): void {
  test(name, async () => {
    const plan: Plan = {
      seed: 1,
      nodes: 1,
      cpuCount: 8,
      latencyMs: 50,
      steps: [],
      connectionFaults: [],
      machineFaults: [],
      endMs: 0,
      ...part,
    }
    const quietMs = 300_000
    const { problems, history, settledMs } = await runPlan(plan, { quietMs })
    assert.deepEqual(problems, [], history.text(200))
    if (withinMs !== undefined) assert.ok(settledMs <= withinMs, `took ${settledMs} ms`)
    for (const [kind, limit] of Object.entries(most)) {
      const [verb, resource] = kind.split(' of ')
      const count = history.entries.filter(
        ({ what, object, who }) => what === verb && object.includes(`/${resource}/`) && who !== 'user',
      ).length
      assert.ok(count <= limit, `${count} times ${kind}`)
    }
  })
}
