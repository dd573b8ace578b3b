import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { kinds } from '#api/kinds.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createLocalTransport } from '#client/local-transport.ts'
import { controllers, heldKinds, isCollectable } from '#controllers/mod.ts'
import { createJsonLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { runControllers } from '#loop/run.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { createVirtualClock } from './clock.ts'

const hourMs = 3_600_000
/** A Wednesday; clocks in Berlin go forward on the Sunday. */
const start = Date.parse('2026-03-25T00:00:00Z')

/** A node's leases would be half a million writes a week: here all that a node does is to end what it is given, two minutes later. */
test('a week of CronJobs passes in seconds: every run is there once, and its history is kept short', async () => {
  const before = process.cpuUsage()
  const clock = createVirtualClock(start)
  const random = seededRandom(1)
  const server = await createTestServer({ clock })
  const client = createClient(createLocalTransport(server.transport))
  const complaints: string[] = []
  const log = createJsonLog((line) => complaints.push(line), clock, 'warn')
  await client.create(Namespace, { metadata: { name: 'default' } })
  const served = createServedKinds(kinds.filter(isCollectable))
  const apiServer = { addresses: ['192.0.2.1'], port: 6443, clusterIp: '10.96.0.1' }
  const running = runControllers({
    controllers: controllers({ served, kinds, rootCa: 'PEM', apiServer }),
    client,
    kinds: heldKinds,
    served,
    clock,
    random,
    log,
  })
  const runs = new Map<string, string[]>()
  const jobs = createInformer(client, Job, { clock, random, log })
  jobs.onChange(({ metadata }, previous) => {
    if (previous !== undefined) return
    const owner = metadata.ownerReferences![0]!.name
    runs.set(owner, [...(runs.get(owner) ?? []), metadata.annotations!['batch.kubernetes.io/cronjob-scheduled-timestamp']!])
  })
  const pods = createInformer(client, Pod, { clock, random, log })
  pods.onChange(({ metadata }, previous) => {
    if (previous !== undefined) return
    const end = () => client.patch(Pod, metadata.name, { type: 'merge', body: { status: { phase: 'Succeeded' } } }, of('default', 'status'))
    clock.schedule(clock.now() + 120_000, () => void end().catch((error: unknown) => complaints.push(String(error))))
  })
  await clock.advance(1_000)
  const schedules = {
    hourly: { schedule: '0 * * * *', concurrencyPolicy: 'Forbid' as const },
    sixth: { schedule: '15 */6 * * *', concurrencyPolicy: 'Replace' as const },
    // Not at all in the night that has no such time.
    nightly: { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' },
  }
  const template = { spec: { restartPolicy: 'Never' as const, containers: [{ name: 'main', image: 'task' }] } }
  for (const [name, spec] of Object.entries(schedules))
    await client.create(CronJob, { metadata: { name }, spec: { ...spec, jobTemplate: { spec: { template } } } }, of('default'))
  // And a little, so that the last run has ended.
  await clock.advance(7 * 24 * hourMs + 300_000)

  const counts = Object.fromEntries([...runs].map(([name, times]) => [name, times.length]))
  assert.deepEqual(counts, { hourly: 168, sixth: 28, nightly: 6 })
  for (const times of runs.values()) assert.equal(new Set(times).size, times.length)
  assert.deepEqual(runs.get('nightly'), [
    '2026-03-25T02:30:00+01:00',
    '2026-03-26T02:30:00+01:00',
    '2026-03-27T02:30:00+01:00',
    '2026-03-28T02:30:00+01:00',
    '2026-03-30T02:30:00+02:00',
    '2026-03-31T02:30:00+02:00',
  ])
  const { items } = await client.list(Job, of('default'))
  assert.equal(items.length, 9, 'three of each are kept')
  assert.equal((await client.list(Pod, of('default'))).items.length, 9, 'their pods went with the others')
  assert.deepEqual(complaints, [])
  await running.stop()
  await Promise.all([jobs.close(), pods.close()])
  const { user, system } = process.cpuUsage(before)
  // Some seconds on an idle machine.
  assert.ok(user + system < 60_000_000, `${(user + system) / 1000} ms`)
})

const of = (namespace: string, subresource?: string) => ({ namespace, ...(subresource !== undefined && { subresource }) })
