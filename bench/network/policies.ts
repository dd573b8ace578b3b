import type { Pod } from '#api/core/v1/pod.ts'
import type { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import { run } from '#host/run.ts'
import { compilePolicy } from '#network/policy/compiled-policy.ts'
import { createPolicyModel, type PolicyModel } from '#network/policy/policy-model.ts'
import { policyPod } from '#network/policy/policy-pod.ts'
import type { Figure, Row } from '../figure.ts'
import { quantiles } from '../support/statistics.ts'

/** What a change costs a node: the decision in processor time, the kernel's transaction in time, at sizes where a recount would show. */
export const networkPolicies: Figure = {
  name: 'network-policies',
  part: 'cluster',
  about: 'NetworkPolicies: the whole table, and one pod or policy more, among 500 pods and 50 policies, and ten times as many',
  async measure({ terminal }) {
    const rows: Row[] = []
    for (const [pods, policies] of [
      [500, 50],
      [5_000, 500],
    ] as const)
      for (const row of await measureSize(pods, policies, terminal)) rows.push(row)
    return rows
  },
}

const node = 'here'
const perNamespace = 100

async function measureSize(pods: number, policies: number, terminal: (line: string) => void): Promise<Row[]> {
  const space = `netpol-bench-${process.pid}`
  await run('ip', ['netns', 'add', space])
  try {
    const title = `${policies} policies, ${pods} pods`
    const namespaces = Math.ceil(pods / perNamespace)
    const rows: Row[] = []
    const model = createPolicyModel('bench')
    let text = ''
    const build = cpuMs(() => {
      for (let i = 0; i < namespaces; i += 1) model.setNamespace(`n${i}`, { 'kubernetes.io/metadata.name': `n${i}`, team: `t${i % 10}` })
      for (let i = 0; i < policies; i += 1) {
        const made = policy(i, namespaces)
        model.setPolicy(`${made.metadata.namespace}/${made.metadata.name}`, compilePolicy(made))
      }
      for (let i = 0; i < pods; i += 1) model.setPod(`p${i}`, policyPod(pod(i, namespaces), node))
      text = model.takeWhole()
    })
    const wholeMs = await nftMs(space, text)
    rows.push(row(`${title}: whole table`, wholeMs, { cpuMs: build, kilobytes: Math.round(text.length / 1000) }))

    const changed = async (name: string, rounds: number, change: (round: number, model: PolicyModel) => void): Promise<void> => {
      const [cpu, kernel]: [number[], number[]] = [[], []]
      let lines = 0
      for (let round = 0; round < rounds; round += 1) {
        let difference = ''
        cpu.push(
          cpuMs(() => {
            change(round, model)
            difference = model.takeChanges()
          }) * 1000,
        )
        lines = difference.split('\n').length - 1
        kernel.push(await nftMs(space, difference))
      }
      const [decided, taken] = [quantiles(cpu), quantiles(kernel)]
      rows.push(row(`${title}: ${name}`, taken.p50, { p99Ms: taken.p99, cpuUs: decided.p50, cpuP99Us: decided.p99, lines }))
      terminal(`${title}: ${name}: ${taken.p50.toFixed(1)} ms, decided in ${decided.p50.toFixed(0)} µs`)
    }
    await changed('a pod elsewhere', 200, (round) => model.setPod(`e${round}`, policyPod(pod(pods + round, namespaces), node)))
    await changed('a pod of this node', 100, (round) =>
      model.setPod(`l${round}`, policyPod({ ...pod(pods + 1_000 + round, namespaces), spec: { ...pod(0, 1).spec, nodeName: node } }, node)),
    )
    await changed('a policy', 50, (round) => {
      const made = policy(namespaces + (round % namespaces), namespaces)
      model.setPolicy(`${made.metadata.namespace}/new`, compilePolicy({ ...made, metadata: { ...made.metadata, name: 'new' } }))
    })
    const empty: number[] = []
    for (let round = 0; round < 20; round += 1) empty.push(await nftMs(space, ''))
    rows.push(row(`${title}: nft with nothing to do`, quantiles(empty).p50, {}))
    return rows
  } finally {
    await run('ip', ['netns', 'delete', space])
  }
}

const row = (figure: string, value: number, beside: Row['beside']): Row => ({ figure, value, unit: 'ms', better: 'less', beside })

function cpuMs(act: () => void): number {
  const begin = process.cpuUsage()
  const at = performance.now()
  act()
  const { user, system } = process.cpuUsage(begin)
  // Other threads' garbage collection is our doing, too; a short act is timed more finely by the clock.
  return Math.max(performance.now() - at, (user + system) / 1000 > 5 ? (user + system) / 1000 : 0)
}

async function nftMs(space: string, input: string): Promise<number> {
  const at = performance.now()
  await run('ip', ['netns', 'exec', space, 'nft', '-f', '-'], { input, timeoutMs: 60_000 })
  return performance.now() - at
}

function pod(i: number, namespaces: number): Pod {
  const address = `10.${64 + (i >> 14)}.${(i >> 6) & 255}.${(i & 63) + 2}`
  return {
    metadata: {
      name: `p${i}`,
      namespace: `n${i % namespaces}`,
      labels: { app: `a${Math.floor(i / namespaces) % 10}`, 'pod-template-hash': `h${i % 977}`, tier: i % 2 === 0 ? 'front' : 'back' },
    },
    spec: {
      nodeName: (Math.floor(i / namespaces) * 7 + i) % 50 === 0 ? node : `node${i % 50}`,
      containers: [{ ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }],
    },
    status: { phase: 'Running', podIPs: [{ ip: address }] },
  } as unknown as Pod
}

/** Ten a namespace, as clusters have them: nothing in, the own namespace, those in front, an app to an app by name or number, names, the world. */
function policy(i: number, namespaces: number): NetworkPolicy {
  const app = (n: number) => ({ matchLabels: { app: `a${n % 10}` } })
  const specs: readonly object[] = [
    { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
    {
      podSelector: { matchLabels: { tier: 'front' } },
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 't1' } } }], ports: [{ protocol: 'TCP', port: 'http' }] }],
    },
    {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'a3' } } }], ports: [{ protocol: 'UDP', port: 53 }] }],
    },
    {
      podSelector: app(1),
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '169.254.0.0/16'] } }] }],
    },
    ...[1, 2, 3, 4, 5].map((n) => ({
      podSelector: app(n),
      ingress: [{ from: [{ podSelector: app(n + 1) }], ports: [{ protocol: 'TCP', port: 8000 + n, endPort: 8100 }] }],
    })),
  ]
  return {
    metadata: { name: `p${Math.floor(i / namespaces)}`, namespace: `n${i % namespaces}` },
    spec: specs[Math.floor(i / namespaces) % specs.length],
  } as unknown as NetworkPolicy
}
