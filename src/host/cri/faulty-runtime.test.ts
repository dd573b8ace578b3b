import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { createTestNode } from '#kubelet/test-node.ts'
import type { Clock } from '#lib/clock.ts'
import { seededRandom } from '#lib/random.ts'
import { createSimulatedRuntime } from '#sim/runtime.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'
import { containerd, crio, type Manners, serveCri } from './testing/serve-cri.ts'

// The kubelet over real gRPC, with a runtime on the other side that is slow, hangs, refuses, loses events, leaves things out of its lists and
// is restarted under it. `sim/runtime-faults.test.ts` does the same for many seeds, in time that is not real.
live('containerd', containerd, 1)
live('CRI-O', crio, 2)

/** The kubelet's back-offs and delays are over twenty times as soon; calls take the time that they take. */
const startedAt = Date.now()
const fastClock: Clock = {
  now: () => startedAt + (Date.now() - startedAt) * 20,
  monotonicMs: () => performance.now() * 20,
  schedule(at, run) {
    return systemClock.schedule(startedAt + (at - startedAt) / 20, run)
  },
}

function live(title: string, manners: Manners, seed: number): void {
  test(`a faulty ${title} over gRPC loses and doubles no container`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wherry-faulty-'))
    const socket = join(folder, 'cri.sock')
    const chance = seededRandom(seed)
    const requestTimeoutMs = 400
    const simulated = createSimulatedRuntime({ clock: systemClock, random: seededRandom(seed), requestTimeoutMs })
    const runtime = createCriRuntime({ endpoint: socket, clock: systemClock, requestTimeoutMs })
    let server = await serveCri(socket, simulated, manners)
    const node = await createTestNode({ clock: fastClock, runtime, network: simulated.network, seed })
    t.after(async () => {
      await node.close()
      runtime.close()
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    })
    await node.startKubelet()

    const doubled = new Set<string>()
    const running = () => simulated.everything().filter(({ state }) => state === 'running')
    const watching = setInterval(() => {
      const pods = running().map(({ labels }) => labels['io.kubernetes.pod.uid']!)
      for (const [index, uid] of pods.entries()) if (pods.indexOf(uid) !== index) doubled.add(uid)
    }, 5)
    t.after(() => clearInterval(watching))

    simulated.setFaults({ slowMs: 30, failBefore: 0.1, failAfter: 0.1, hang: 0.03, omit: 0.1, stale: 0.1, loseEvent: 0.2, lateEventMs: 50 })
    for (let i = 0; i < 12; i += 1) {
      const containers = [{ name: 'main', image: 'app', imagePullPolicy: 'IfNotPresent' }]
      await node.create(`p${i}`, { terminationGracePeriodSeconds: 1, containers })
      await delay(200 * chance.next())
      if (i % 4 !== 3) continue
      await server.close()
      await delay(150)
      server = await serveCri(socket, simulated, manners)
      await node.client.delete(Pod, `p${i - 2}`, { namespace: 'default' })
    }
    await delay(1_000)
    simulated.setFaults({})
    simulated.breakEvents()

    const settled = async () => {
      const { items } = await node.client.list(Pod, { namespace: 'default' })
      const uids = items.map(({ metadata }) => metadata.uid).toSorted()
      const here = running()
        .map(({ labels }) => labels['io.kubernetes.pod.uid'])
        .toSorted()
      const isTold = items.every(({ status }) => status?.phase === 'Running')
      const { conditions } = (await node.client.get(Node, 'node')).status
      const isReady = conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
      return items.length === 9 && isTold && isReady && JSON.stringify(uids) === JSON.stringify(here)
    }
    for (let tries = 0; tries < 400 && !(await settled()); tries += 1) await delay(100)
    assert.ok(await settled(), 'every pod that is wanted runs, and no other')
    assert.deepEqual([...doubled], [])
  })
}
