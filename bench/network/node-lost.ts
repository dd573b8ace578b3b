import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { connectAsAdmin } from '#cli/connect.ts'
import { bringImage } from '#cli/network/bring-image.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { killShims } from '#host/clean.ts'
import { systemClock } from '#host/clock.ts'
import { containerdPidFile, containerdSocket } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { welcomeImage } from '#host/images/welcome.ts'
import { type Layout, paths } from '#host/layout.ts'
import { cableOf, type Machine, machinePaths } from '#host/machines/machine.ts'
import { listMachines } from '#host/machines/registry.ts'
import { systemRandom } from '#host/random.ts'
import { run } from '#host/run.ts'
import type { Figure, Row } from '../figure.ts'
import { ownClusterProblem, wherry, withOwnCluster } from '../support/cluster.ts'
import { makeNamespace } from '../support/namespace.ts'
import { adminTarget } from '../support/own-server.ts'
import { quietLog } from '../support/quiet-log.ts'
import type { Terminal } from '../support/terminal.ts'
import { steadyGets } from './steady-gets.ts'

/** How soon others answer in the place of a node's pods, and whether all is as before once it is back. */
export const nodeLost: Figure = {
  name: 'node-lost',
  part: 'cluster',
  about:
    'one of three nodes is switched off, and on again: until Services leave it out, until others answer; --only default: with the default times (seven minutes)',
  async measure({ terminal, only = ['tuned'] }) {
    const problem = ownClusterProblem()
    if (problem !== undefined) {
      terminal(`  left out, ${problem}`)
      return []
    }
    const rows: Row[] = []
    for (const [name, settings] of Object.entries(cases)) {
      if (!only.includes(name)) continue
      terminal(`  times: ${name}`)
      rows.push(...(await withOwnCluster(settings, nodes, (layout) => measureLoss(layout, name, terminal))))
    }
    return rows
  },
}

const cases: Readonly<Record<string, object>> = {
  default: {},
  tuned: { nodeMonitorGracePeriod: '20s', defaultUnreachableTolerationSeconds: 30, defaultNotReadyTolerationSeconds: 30 },
}
const nodes = 3
const replicas = 4
const namespace = 'bench-lost'
const labels = { app: 'lost' }
/** Longer than all the default times together. */
const withinMs = 420_000

async function measureLoss(layout: Layout, times: string, terminal: Terminal): Promise<readonly Row[]> {
  const { client, close } = connectAsAdmin(layout)
  const basis = { clock: systemClock, random: systemRandom, log: quietLog }
  const pods = createInformer(client, Pod, { ...basis, namespace })
  const nodeObjects = createInformer(client, Node, basis)
  try {
    await bringImage(layout)
    await makeNamespace(adminTarget(layout), namespace)
    await client.create(Deployment, deployment(), { namespace })
    const service = await client.create(
      Service,
      { metadata: { name: 'lost' }, spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } },
      { namespace },
    )
    const machine = listMachines(layout).at(-1)!
    await until('all pods are ready', () => ready(pods).length === replicas && ready(pods).some(isOn(machine)))
    const lost = new Set(
      ready(pods)
        .filter(isOn(machine))
        .map(({ metadata }) => metadata.name),
    )
    const gets = steadyGets(`http://${service.spec.clusterIP}/`)
    try {
      await until('every pod answers', () => ready(pods).every(({ metadata }) => gets.answered(metadata.name)))
      const beforehand = gets.asked.length
      if (gets.asked.some(({ replica }) => replica === undefined)) throw new Error('requests failed before anything was switched off')
      terminal(`  ${machine.name} is switched off, with ${lost.size} of ${replicas} pods`)
      const offMs = performance.now()
      await switchOff(layout, machine)
      const isReady = () =>
        nodeObjects.get(machine.name)?.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
      await until('the node is not ready', () => !isReady())
      const notReadyS = since(offMs)
      terminal(`  not ready after ${notReadyS.toFixed(1)} s`)
      const others = () => ready(pods).filter((pod) => !isOn(machine)(pod))
      await until(
        'others answer in their place',
        () => others().length === replicas && others().every(({ metadata }) => gets.answered(metadata.name)),
      )
      const answeredS = since(offMs)
      terminal(`  others answer after ${answeredS.toFixed(1)} s`)

      const onMs = performance.now()
      await run('ip', ['link', 'set', 'dev', cableOf(machine), 'up'])
      await wherry('up', '--no-welcome')
      await until('the node is ready again', isReady)
      const backS = since(onMs)
      await until('its old pods are gone', () => pods.list().every(({ metadata }) => !lost.has(metadata.name)))
      const goneS = since(onMs)
      const socket = socketOf(layout, machine)
      await until(
        'none of their containers is left',
        async () => (await run('ctr', ['--address', socket, '--namespace', 'k8s.io', 'containers', 'list', '--quiet'])).stdout === '',
      )
      checkAddresses(pods)
      await gets.stop()
      const failed = gets.asked.slice(beforehand).filter(({ replica }) => replica === undefined)
      const lastFailedS = failed.length === 0 ? 0 : (Math.max(...failed.map(({ atMs }) => atMs)) - offMs) / 1_000
      const afterBack = failed.filter(({ atMs }) => atMs > onMs).length
      const row = (figure: string, value: number, beside: Row['beside'] = {}): Row => ({
        figure: `${figure}, ${times} times`,
        value,
        unit: 's',
        better: 'less',
        beside,
      })
      return [
        row('node lost: until it is not ready', notReadyS),
        row('node lost: until its Service leaves it out', lastFailedS, { requests: gets.asked.length - beforehand, failed: failed.length }),
        row('node lost: until others answer in its place', answeredS),
        row('node back: until it is ready', backS, { failedRequests: afterBack }),
        row('node back: until its old pods are gone', goneS),
      ]
    } finally {
      await gets.stop()
    }
  } finally {
    await pods.close()
    await nodeObjects.close()
    close()
  }
}

const since = (ms: number): number => (performance.now() - ms) / 1_000

const isOn =
  ({ name }: Machine) =>
  ({ spec }: Pod): boolean =>
    spec.nodeName === name

const ready = (pods: Informer<Pod>): readonly Pod[] =>
  pods
    .list()
    .filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined && status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )

const socketOf = (layout: Layout, { name }: Machine): string =>
  containerdSocket({ stateDirectory: paths(machinePaths(layout, name).layout).containerdState })

/** As if somebody pulled the plug: nobody can say good-bye, and what is sent there gets no answer, not even a refusal. */
async function switchOff(layout: Layout, machine: Machine): Promise<void> {
  const { agentPid, containerdState } = paths(machinePaths(layout, machine.name).layout)
  await run('ip', ['link', 'set', 'dev', cableOf(machine), 'down'])
  for (const file of [agentPid, containerdPidFile({ stateDirectory: containerdState })]) {
    const daemon = findDaemon(file)
    if (daemon === undefined) throw new Error(`${readFileSync(file, 'utf8')} in ${file} does not run`)
    process.kill(daemon.pid, 'SIGKILL')
  }
  killShims(socketOf(layout, machine))
}

function checkAddresses(pods: Informer<Pod>): void {
  const addresses = pods.list().map(({ status }) => status.podIP)
  if (new Set(addresses).size !== replicas) throw new Error(`${replicas} pods have the addresses ${addresses.join(', ')}`)
}

async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + withinMs; !(await is()); await delay(20))
    if (performance.now() > end) throw new Error(`within ${withinMs / 1_000} s: ${what}`)
}

const deployment = () => ({
  metadata: { name: 'lost' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 1,
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'ScheduleAnyway' as const,
            labelSelector: { matchLabels: labels },
          },
        ],
        containers: [
          {
            name: 'main',
            image: welcomeImage,
            imagePullPolicy: 'IfNotPresent' as const,
            env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
            readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
})
