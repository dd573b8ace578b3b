import { Deployment } from '#api/apps/v1/deployment.ts'
import { Job } from '#api/batch/v1/job.ts'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { Service } from '#api/core/v1/service.ts'
import { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { AnyKind } from '#api/kind.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Of } from '#schema/schema.ts'
import type { Figure, Row } from '../figure.ts'
import { type HollowNodes, heldLabel, hollowNodes } from '../support/hollow-nodes.ts'
import { makeNamespace } from '../support/namespace.ts'
import { quietLog } from '../support/quiet-log.ts'
import { connect, type Server } from '../support/server.ts'
import { quantiles } from '../support/statistics.ts'
import { cpuSecondsOf } from '../support/usage.ts'
import { withServer } from '../support/with-server.ts'

/** How long from a wish to its coming true; nodes are hollow, so nothing but the control plane is measured. */
export const controllers: Figure = {
  name: 'controllers',
  part: 'api',
  about: 'Deployments, Jobs, namespaces, owners and endpoints: from the wish until it has come true',
  isUnlimited: true,
  async measure({ terminal, start }) {
    const rows: Row[] = []
    const measured = async (fate: 'run' | 'succeed', measures: readonly Measure[]): Promise<void> =>
      withServer(start, 'bench', async (server) => {
        const { client, close } = connect(server.target)
        const nodes = await hollowNodes({ client, count: 10, pods: fate })
        const namespaces = await watched(client, Namespace)
        try {
          for (const measure of measures) {
            const stage = { server, client, nodes, namespaces, terminal }
            for (const row of await measure(stage)) rows.push(row)
          }
        } finally {
          await namespaces.close()
          await nodes.close()
          close()
        }
      })
    await measured('run', [deploymentOf1000, deployments500, namespaceOf2000, readyAndRollout, endpoints])
    await measured('succeed', [jobOf500])
    return rows
  },
}

interface Stage {
  readonly server: Server
  readonly client: Client
  readonly nodes: HollowNodes
  readonly namespaces: Informer<Namespace>
  readonly terminal: (line: string) => void
}
type Measure = (stage: Stage) => Promise<readonly Row[]>

/**
 * Its pods are for a scheduler that does not exist, so that nothing but the controllers works; then it is deleted, and its pods with it. While
 * it is made somebody wishes for a single pod elsewhere, which should not have to wait for it.
 */
async function deploymentOf1000(stage: Stage): Promise<readonly Row[]> {
  const { client, nodes } = stage
  const namespace = await newNamespace(stage, 'deployment')
  const elsewhere = await newNamespace(stage, 'single')
  let singleMs = Number.NaN
  const made = await timed(stage, 'Deployment of 1,000: pods made', 1000, async () => {
    await client.create(Deployment, deployment('web', 1000, { schedulerName: 'nobody' }), { namespace })
    await until(nodes.pods, () => nodes.pods.list(namespace).length >= 50)
    const begin = performance.now()
    await client.create(Deployment, deployment('single', 1, { schedulerName: 'nobody' }), { namespace: elsewhere })
    await until(nodes.pods, () => nodes.pods.list(elsewhere).length === 1)
    singleMs = performance.now() - begin
    await until(nodes.pods, () => nodes.pods.list(namespace).length === 1000)
  })
  const single: Row = {
    figure: 'Deployment of 1 while 1,000 are made: its pod made',
    value: singleMs,
    unit: 'ms',
    better: 'less',
    beside: {},
  }
  const gone = await timed(stage, 'owner of 1,000 pods deleted: pods gone', 1000, async () => {
    await client.delete(Deployment, 'web', { namespace, propagationPolicy: 'Background' })
    await until(nodes.pods, () => nodes.pods.list(namespace).length === 0)
  })
  return [made, single, gone]
}

async function deployments500(stage: Stage): Promise<readonly Row[]> {
  const { client, nodes } = stage
  const namespace = await newNamespace(stage, 'deployments')
  const row = await timed(stage, '500 Deployments of 2: pods made', 1000, async () => {
    await sideBySide(500, (n) => client.create(Deployment, deployment(`web-${n}`, 2, { schedulerName: 'nobody' }), { namespace }))
    await until(nodes.pods, () => nodes.pods.list(namespace).length === 1000)
  })
  await removed(stage, namespace)
  return [row]
}

async function namespaceOf2000(stage: Stage): Promise<readonly Row[]> {
  const { client } = stage
  const namespace = await newNamespace(stage, 'full')
  await sideBySide(1000, (n) => client.create(ConfigMap, { metadata: { name: `c-${n}` }, data: { key: 'value' } }, { namespace }))
  await sideBySide(1000, (n) => client.create(Secret, { metadata: { name: `s-${n}` }, stringData: { key: 'value' } }, { namespace }))
  return [await timed(stage, 'namespace of 2,000 objects: gone', 2000, () => removed(stage, namespace))]
}

async function readyAndRollout(stage: Stage): Promise<readonly Row[]> {
  const { client } = stage
  const namespace = await newNamespace(stage, 'rollout')
  const deployments = await watched(client, Deployment)
  const complete = () => {
    const { metadata, spec, status } = deployments.get('web', namespace) ?? {}
    const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas]
    return status?.observedGeneration === metadata?.generation && counts.every((count) => count !== undefined && count === spec?.replicas)
  }
  await client.create(Deployment, deployment('web', 1), { namespace })
  await until(deployments, complete)
  const scaled = await timed(stage, 'Deployment from 1 to 200: all ready', 200, async () => {
    const { metadata } = await client.patch(Deployment, 'web', { type: 'merge', body: { spec: { replicas: 200 } } }, { namespace })
    await until(deployments, () => deployments.get('web', namespace)?.metadata.generation === metadata.generation && complete())
  })
  const rolled = await timed(stage, 'rolling update of 200: complete', 200, async () => {
    const template = { metadata: { labels: { app: 'web', version: '2' } } }
    const { metadata } = await client.patch(Deployment, 'web', { type: 'merge', body: { spec: { template } } }, { namespace })
    await until(deployments, () => deployments.get('web', namespace)?.metadata.generation === metadata.generation && complete())
  })
  await deployments.close()
  await removed(stage, namespace)
  return [scaled, rolled]
}

async function jobOf500(stage: Stage): Promise<readonly Row[]> {
  const { client } = stage
  const namespace = await newNamespace(stage, 'job')
  const jobs = await watched(client, Job)
  const row = await timed(stage, 'Job of 500, 50 at a time: complete', 500, async () => {
    const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image: 'main' }] } }
    await client.create(Job, { metadata: { name: 'sum' }, spec: { completions: 500, parallelism: 50, template } }, { namespace })
    const isComplete = () =>
      jobs.get('sum', namespace)?.status.conditions?.some(({ type, status }) => type === 'Complete' && status === 'True')
    await until(jobs, () => isComplete() === true)
  })
  await jobs.close()
  return [row]
}

/** 1,000 services of one pod each: how soon a slice tells that a pod is ready, one by one and 900 at once. */
async function endpoints(stage: Stage): Promise<readonly Row[]> {
  const { client, server, terminal } = stage
  const namespace = await newNamespace(stage, 'endpoints')
  const slices = await watched(client, EndpointSlice)
  const inNamespace = () => slices.list(namespace)
  const name = (n: number) => `web-${n}`
  await sideBySide(1000, async (n) => {
    const labels = { app: name(n) }
    await client.create(Service, { metadata: { name: name(n) }, spec: { selector: labels, ports: [{ port: 80 }] } }, { namespace })
    const spec = { nodeName: 'hollow-0', containers: [{ name: 'main', image: 'main' }] }
    await client.create(Pod, { metadata: { name: name(n), labels: { ...labels, [heldLabel]: '' } }, spec }, { namespace })
    await client.patch(Pod, name(n), { type: 'merge', body: { status: podReady(n, false) } }, { namespace, subresource: 'status' })
  })
  terminal('  waiting for the slices of 1,000 pods')
  await until(slices, () => inNamespace().filter(({ endpoints }) => endpoints.length === 1).length === 1000)

  const readyAt = new Map<string, number>()
  const stop = slices.onChange(({ metadata, endpoints }) => {
    const service = metadata.labels?.['kubernetes.io/service-name'] ?? ''
    if (metadata.namespace !== namespace) return
    if (endpoints[0]?.conditions?.ready === true && !readyAt.has(service)) readyAt.set(service, performance.now())
  })
  const sentAt = new Map<string, number>()
  const makeReady = (n: number) => {
    sentAt.set(name(n), performance.now())
    return client.patch(Pod, name(n), { type: 'merge', body: { status: podReady(n, true) } }, { namespace, subresource: 'status' })
  }
  const delaysMs = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => readyAt.get(name(from + index))! - sentAt.get(name(from + index))!)

  terminal('  100 pods become ready, ten a second')
  const pacedCpu = cpuSecondsOf(...server.pids)
  for (let n = 0; n < 100; n += 1) {
    await makeReady(n)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await until(slices, () => readyAt.size === 100)
  const pacedCpuMs = ((cpuSecondsOf(...server.pids) - pacedCpu) * 1000) / 100
  const paced = delaysMs(0, 100)

  terminal('  900 pods become ready at once')
  const burstCpu = cpuSecondsOf(...server.pids)
  await Promise.all(Array.from({ length: 900 }, (_, index) => makeReady(100 + index)))
  await until(slices, () => readyAt.size === 1000)
  const burstCpuMs = ((cpuSecondsOf(...server.pids) - burstCpu) * 1000) / 900
  const burst = delaysMs(100, 1000)
  stop()
  await slices.close()
  const row = (figure: string, delays: readonly number[], serverCpuMs: number): Row => {
    const { p50, p99: p99Ms } = quantiles(delays)
    return { figure, value: p50, unit: 'ms', better: 'less', beside: { p99Ms, serverCpuMs } }
  }
  return [
    row('pod ready until its slice says so, 1,000 services, one by one', paced, pacedCpuMs),
    row('pod ready until its slice says so, 1,000 services, 900 at once', burst, burstCpuMs),
  ]
}

const podReady = (n: number, isReady: boolean): object => {
  const now = rfc3339(systemClock.now())
  const podIP = `10.220.${n >> 8}.${n & 255}`
  const status = isReady ? 'True' : 'False'
  return {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: ['ContainersReady', 'Ready'].map((type) => ({ type, status, lastProbeTime: null, lastTransitionTime: now })),
  }
}

const deployment = (name: string, replicas: number, spec: { readonly schedulerName?: string } = {}) => ({
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'main', resources: { requests: { cpu: '10m', memory: '16Mi' } } }], ...spec },
    },
  },
})

/** How many milliseconds `work` took, and beside it things a second and what each cost the processes of the control plane. */
async function timed({ server, terminal }: Stage, figure: string, count: number, work: () => Promise<void>): Promise<Row> {
  terminal(`  ${figure}`)
  const cpuBefore = cpuSecondsOf(...server.pids)
  const begin = performance.now()
  await work()
  const tookMs = performance.now() - begin
  const serverCpuMs = ((cpuSecondsOf(...server.pids) - cpuBefore) * 1000) / count
  return { figure, value: tookMs, unit: 'ms', better: 'less', beside: { perSecond: (count * 1000) / tookMs, serverCpuMs } }
}

async function newNamespace({ server }: Stage, name: string): Promise<string> {
  await makeNamespace(server.target, `bench-${name}`)
  return `bench-${name}`
}

/** What ends a stage is not to run on into the next one's time. */
async function removed({ client, namespaces }: Stage, namespace: string): Promise<void> {
  await client.delete(Namespace, namespace)
  await until(namespaces, () => namespaces.get(namespace) === undefined)
}

async function watched<K extends AnyKind>(client: Client, kind: K): Promise<Informer<Of<K>>> {
  const informer = createInformer(client, kind, { clock: systemClock, random: systemRandom, log: quietLog })
  await informer.synced()
  return informer
}

async function until(informer: Pick<Informer<unknown>, 'until' | 'kind'>, condition: () => boolean): Promise<void> {
  if (!(await informer.until(condition, limitMs)))
    throw new Error(`what was wished of ${informer.kind.plural} had not come true in ${limitMs} ms`)
}
const limitMs = 180_000

/** Sixteen at a time. */
async function sideBySide(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) await work(next++)
    }),
  )
}
