import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { systemClock } from '#host/clock.ts'
import { containerdSocket } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { pauseImage } from '#host/images/pause.ts'
import { type Layout, paths } from '#host/layout.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'
import { wherry, withCluster } from '../../bench/support/cluster.ts'
import { type SeenPods, withSeenPods } from '../../bench/support/seen-pods.ts'
import { compareTraces, countsOf, type Traces, tracesOf } from './traces.ts'

/** What is killed, how often, and beside how many pods. */
export interface RestartOptions {
  /** Kills of each victim. */
  readonly rounds: number
  /** Pods that stay all the while. */
  readonly pods: number
  readonly random: Random
  /** `agent`, `server`, `containerd`. */
  readonly victims: readonly string[]
  readonly report: (line: string) => void
}

const namespace = 'restarts'
/** However busy the machine: a hundred pods start or end in this time. */
const withinMs = 300_000
/** A pod takes about that long to start: kills fall into every part of it. */
const killWithinMs = 600
/** Most is cleared away in seconds; shims that containerd forgot end after a minute or two. */
const settleMs = 150_000

/** Gives what differs from what should be there, in words; empty: nothing. Uses this machine's cluster, which is afterwards as it was. */
export const restarts = (options: RestartOptions): Promise<readonly string[]> =>
  withCluster(({ layout }) =>
    withSeenPods(layout, namespace, async (seen) => {
      const { report, rounds, victims, random } = options
      const runtime = createCriRuntime({ endpoint: containerdSocket(containerdOptions(layout)), clock: systemClock })
      const traces = () => tracesOf(layout, runtime)
      // While the client waits to connect anew to a server that was killed, nothing else would keep this process alive.
      const staysAlive = setInterval(() => {}, 60_000)
      try {
        // The groups of its class come with the first pod, and stay for those that follow.
        await seen.create('first')
        await seen.running(['first'], withinMs)
        await seen.delete('first')
        await seen.gone(['first'], withinMs)
        const empty = await settled(traces)
        const names = Array.from({ length: options.pods }, (_, index) => `stays-${index}`)
        await startStaying(seen, names)
        const full = await settled(traces)
        report(`${names.length} pods run: ${JSON.stringify(countsOf(full))}`)
        const problems: string[] = []
        const expect = async (expected: Traces, when: string): Promise<void> => {
          const found = await differences(traces, expected)
          report(`${when}: ${found.length === 0 ? 'nothing is lost, nothing is left over' : found.join('; ')}`)
          problems.push(...found.map((text) => `${when}: ${text}`))
        }
        for (const victim of victims) {
          const beginMs = performance.now()
          for (let round = 0; round < rounds; round += 1) await killDuringStart(seen, layout, victim, `passes-${victim}-${round}`, random)
          const seconds = ((performance.now() - beginMs) / 1000).toFixed(0)
          await expect(full, `${victim} killed ${rounds} times in ${seconds} s`)
        }
        await Promise.all(names.map((name) => seen.delete(name)))
        await seen.gone(names, withinMs)
        await expect(empty, 'all pods deleted')
        return problems
      } finally {
        clearInterval(staysAlive)
        runtime.close()
      }
    }),
  )

/** With a volume of each sort that leaves something on the machine. */
async function startStaying(seen: SeenPods, names: readonly string[]): Promise<void> {
  await seen.client.create(ConfigMap, { metadata: { name: 'words' }, data: { word: 'yes' } }, { namespace })
  const volumes = [
    { name: 'disk', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    { name: 'words', configMap: { name: 'words' } },
  ]
  const volumeMounts = [
    { name: 'disk', mountPath: '/disk', subPath: 'part' },
    { name: 'memory', mountPath: '/memory' },
    { name: 'words', mountPath: '/words' },
  ]
  const spec = { terminationGracePeriodSeconds: 0, volumes, containers: [{ name: 'main', image: pauseImage, volumeMounts }] }
  await Promise.all(names.map((name) => seen.client.create(Pod, { metadata: { name }, spec }, { namespace })))
  await seen.running(names, withinMs)
}

/** A pod comes, the victim dies at some moment of that, and is there again; the pod then runs, and goes. */
async function killDuringStart(seen: SeenPods, layout: Layout, victim: string, name: string, random: Random): Promise<void> {
  await patiently(() => seen.create(name))
  await delay(killWithinMs * random.next())
  kill(layout, victim)
  await wherry('up', '--no-welcome')
  await seen.running([name], withinMs)
  await patiently(() => seen.delete(name))
  await seen.gone([name], withinMs)
}

function kill(layout: Layout, victim: string): void {
  const { serverPid, agentPid, containerdState } = paths(layout)
  const files: Readonly<Record<string, string>> = {
    server: serverPid,
    agent: agentPid,
    containerd: join(containerdState, 'containerd.pid'),
  }
  const file = files[victim]
  if (file === undefined) throw new WherryError('Invalid', `there is no "${victim}" to kill; ${Object.keys(files).join(', ')} can be`)
  process.kill((JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid, 'SIGKILL')
}

/** What is there once nothing changes by itself any more. */
async function settled(traces: () => Promise<Traces>): Promise<Traces> {
  for (let before = await traces(); ; ) {
    await delay(2_000)
    const now = await traces()
    if (compareTraces(before, now).length === 0) return now
    before = now
  }
}

/** What still differs when things have had their time to settle. */
async function differences(traces: () => Promise<Traces>, expected: Traces): Promise<readonly string[]> {
  for (const until = performance.now() + settleMs; ; await delay(500)) {
    const found = compareTraces(expected, await traces())
    if (found.length === 0 || performance.now() > until) return found
  }
}

/** A server that was just started anew may break a connection that was meant for the former one. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let left = 50; ; left -= 1)
    try {
      return await call()
    } catch (error) {
      if (left === 0) throw error
      await delay(100)
    }
}
