import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Event } from '#api/core/v1/event.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { startCluster } from '../testing/cluster.ts'

const namespace = 'shop'

test('on the API server: a CronJob starts a Job each minute, keeps account of it, and leaves nothing behind', async () => {
  const { client, clock, complaints, quiet, stop, until } = await startCluster()
  await client.create(Namespace, { metadata: { name: namespace } })
  const template = { spec: { containers: [{ name: 'main', image: 'work' }], restartPolicy: 'Never', nodeName: 'n' } }
  const spec = {
    schedule: '* * * * *',
    timeZone: 'Europe/Berlin',
    concurrencyPolicy: 'Forbid',
    successfulJobsHistoryLimit: 1,
    jobTemplate: { spec: { template } },
  }
  await client.create(CronJob, { metadata: { name: 'tick' }, spec } as never, { namespace })
  const cronJob = () => client.get(CronJob, 'tick', namespace)
  const jobs = async () => (await client.list(Job, { namespace })).items.map(({ metadata }) => metadata.name)
  const pods = async () => (await client.list(Pod, { namespace })).items
  await quiet()
  assert.deepEqual(await jobs(), [])

  await clock.advance(60_000)
  await until('the first Job runs', async () => (await pods()).some(({ status }) => status.phase === 'Running'))
  const first = Math.floor(clock.now() / 60_000)
  assert.deepEqual(await jobs(), [`tick-${first}`])
  const { annotations } = (await client.get(Job, `tick-${first}`, namespace)).metadata
  assert.equal(annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'], '2026-01-01T01:01:00+01:00')
  assert.deepEqual(
    (await cronJob()).status.active?.map(({ name }) => name),
    [`tick-${first}`],
  )

  await clock.advance(60_000)
  await quiet()
  assert.deepEqual(await jobs(), [`tick-${first}`], 'it forbids another one')
  await end()
  await until('the one that was due starts now', async () => (await jobs()).includes(`tick-${first + 1}`))
  await until('a pod of it runs', async () => (await pods()).some((pod) => pod.status.phase === 'Running' && !isPodTerminal(pod)))
  await end()
  await until('only the latest is kept', async () => {
    const { status } = await cronJob()
    return status.active === undefined && (await jobs()).length === 1
  })
  // Between two runs nobody looks, and nobody writes.
  await quiet()
  const { resourceVersion } = await client.list(CronJob)
  await quiet()
  assert.equal((await client.list(CronJob)).resourceVersion, resourceVersion)
  const reasons = (await client.list(Event, { namespace })).items
    .filter(({ involvedObject }) => involvedObject.kind === 'CronJob')
    .map(({ reason }) => reason ?? '')
  assert.deepEqual([...new Set(reasons)].toSorted(), ['JobAlreadyActive', 'SawCompletedJob', 'SuccessfulCreate', 'SuccessfulDelete'])

  await client.delete(CronJob, 'tick', { namespace, propagationPolicy: 'Background' })
  await until('everything is gone', async () => (await jobs()).length + (await pods()).length === 0)
  assert.deepEqual(complaints(), [])
  await stop()

  async function end(): Promise<void> {
    const pod = (await pods()).find((one) => !isPodTerminal(one))!
    const finishedAt = new Date(clock.now()).toISOString()
    const containerStatuses = [
      { name: 'main', image: 'work', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode: 0, finishedAt } } },
    ]
    const body = { status: { phase: 'Succeeded', containerStatuses } }
    await client.patch(Pod, pod.metadata.name, { type: 'merge', body }, { namespace, subresource: 'status' })
  }
})
