import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Job } from '#api/batch/v1/job.ts'
import { Event } from '#api/core/v1/event.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { startCluster } from '../testing/cluster.ts'

const namespace = 'shop'

test('on the API server: a Job retries, completes, and is removed with its pods when its time is over', async () => {
  const { client, clock, complaints, end, jobIs, job, quiet, until, stop } = await start({
    completions: 2,
    parallelism: 2,
    ttlSecondsAfterFinished: 60,
  })
  await until('two pods run', async () => (await pods(client)).filter(isRunning).length === 2)
  await quiet()
  const { resourceVersion } = (await job()).metadata
  await quiet()
  assert.equal((await job()).metadata.resourceVersion, resourceVersion, 'nothing is written while nothing happens')
  await end('Failed')
  await jobIs('the failure is counted', ({ status }) => status.failed === 1)
  assert.equal((await pods(client)).length, 2, 'no pod before the back-off is over')
  await clock.advance(10_000)
  await until('another pod runs', async () => (await pods(client)).filter(isRunning).length === 2)
  await end('Succeeded')
  await jobIs('a success is counted', ({ status }) => status.succeeded === 1)
  await end('Succeeded')
  await jobIs('it is complete', ({ status }) => status.completionTime !== undefined)
  const { status } = await job()
  assert.deepEqual(
    status.conditions!.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    ['SuccessCriteriaMet True CompletionsReached', 'Complete True CompletionsReached'],
  )
  const { startTime, completionTime, conditions: _, ...rest } = status
  assert.ok(Date.parse(completionTime!) > Date.parse(startTime!))
  assert.deepEqual(rest, { succeeded: 2, failed: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} })
  assert.deepEqual(
    (await pods(client)).map(({ metadata }) => metadata.finalizers),
    [undefined, undefined, undefined],
  )
  const reasons = (await client.list(Event, { namespace })).items
    .filter(({ involvedObject }) => involvedObject.kind === 'Job')
    .map(({ reason }) => reason)
  assert.deepEqual(reasons.toSorted(), ['Completed', 'SuccessfulCreate', 'SuccessfulCreate', 'SuccessfulCreate'])
  await clock.advance(60_000)
  await until('job and pods are gone', async () => (await client.list(Job, { namespace })).items.length + (await pods(client)).length === 0)
  assert.deepEqual(complaints(), [])
  await stop()
})

test('on the API server: an Indexed Job gives one index up, and says which', async () => {
  const { client, complaints, end, jobIs, job, quiet, until, stop } = await start({
    completionMode: 'Indexed',
    completions: 3,
    parallelism: 3,
    backoffLimitPerIndex: 0,
  })
  await until('three pods run', async () => (await pods(client)).filter(isRunning).length === 3)
  assert.deepEqual((await pods(client)).map(({ spec }) => spec.hostname).toSorted(), ['work-0', 'work-1', 'work-2'])
  await quiet()
  const { resourceVersion } = (await job()).metadata
  await quiet()
  assert.equal((await job()).metadata.resourceVersion, resourceVersion, 'nothing is written while nothing happens')
  await end('Failed', 'work-1')
  await end('Succeeded')
  await end('Succeeded')
  await jobIs('it has failed', ({ status }) => status.conditions?.at(-1)?.type === 'Failed')
  const { status } = await job()
  assert.deepEqual([status.completedIndexes, status.failedIndexes, status.succeeded, status.failed], ['0,2', '1', 2, 1])
  assert.equal(status.conditions!.at(-1)!.reason, 'FailedIndexes')
  assert.deepEqual(complaints(), [])
  await stop()
})

test('on the API server: suspending takes the pods away, resuming brings them back, and too long is too long', async () => {
  const { client, clock, complaints, jobIs, until, stop } = await start({ completions: 2, parallelism: 2, activeDeadlineSeconds: 100 })
  const suspend = (suspend: boolean) => client.patch(Job, 'work', { type: 'merge', body: { spec: { suspend } } }, { namespace })
  await until('two pods run', async () => (await pods(client)).filter(isRunning).length === 2)
  await suspend(true)
  await until('no pod is left', async () => (await pods(client)).length === 0)
  await jobIs('it is suspended', ({ status }) => status.conditions?.at(-1)?.type === 'Suspended' && status.startTime === undefined)
  await clock.advance(200_000)
  await suspend(false)
  await until('two pods run again', async () => (await pods(client)).filter(isRunning).length === 2)
  await clock.advance(101_000)
  await jobIs('it has failed', ({ status }) => status.conditions?.at(-1)?.type === 'Failed')
  await until('its pods are gone', async () => (await pods(client)).length === 0)
  await jobIs('both count as failed', ({ status }) => status.failed === 2 && status.conditions?.at(-1)?.reason === 'DeadlineExceeded')
  assert.deepEqual(complaints(), [])
  await stop()
})

for (const [propagationPolicy, left] of [
  ['Background', 0],
  ['Foreground', 0],
  ['Orphan', 2],
] as const)
  test(`on the API server: a Job that is deleted holds no pod (${propagationPolicy})`, async () => {
    const { client, complaints, until, stop } = await start({ completions: 2, parallelism: 2 })
    await until('two pods run', async () => (await pods(client)).filter(isRunning).length === 2)
    await client.delete(Job, 'work', { namespace, propagationPolicy })
    await until('the job is gone, and no pod is held', async () => {
      const [jobs, present] = [(await client.list(Job, { namespace })).items, await pods(client)]
      return jobs.length === 0 && present.length === left && present.every(({ metadata }) => metadata.finalizers === undefined)
    })
    assert.deepEqual(complaints(), [])
    await stop()
  })

type Client = Awaited<ReturnType<typeof startCluster>>['client']

const pods = async (client: Client): Promise<readonly Pod[]> => (await client.list(Pod, { namespace })).items
const isRunning = ({ status, metadata }: Pod): boolean => status.phase === 'Running' && metadata.deletionTimestamp === undefined

/** A cluster with one job `work`, whose pods end when they are told to. */
async function start(spec: object) {
  const cluster = await startCluster()
  const { client, until } = cluster
  const template = { spec: { containers: [{ name: 'main', image: 'work' }], restartPolicy: 'Never', nodeName: 'n' } }
  await client.create(Namespace, { metadata: { name: namespace } })
  await client.create(Job, { metadata: { name: 'work' }, spec: { template, ...spec } } as never, { namespace })
  const job = () => client.get(Job, 'work', namespace)
  return {
    ...cluster,
    job,
    /** One that runs, of this hostname if it is given. */
    async end(phase: 'Succeeded' | 'Failed', hostname?: string) {
      const pod = (await pods(client)).find((one) => !isPodTerminal(one) && (hostname === undefined || one.spec.hostname === hostname))!
      const terminated = { exitCode: phase === 'Failed' ? 1 : 0, finishedAt: new Date(cluster.clock.now()).toISOString() }
      const containerStatuses = [{ name: 'main', image: 'work', imageID: '', ready: false, restartCount: 0, state: { terminated } }]
      const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: terminated.finishedAt }]
      const body = { status: { phase, conditions, containerStatuses } }
      await client.patch(Pod, pod.metadata.name, { type: 'merge', body }, { namespace, subresource: 'status' })
    },
    jobIs: (what: string, holds: (job: Job) => boolean) => until(what, async () => holds(await job())),
  }
}
