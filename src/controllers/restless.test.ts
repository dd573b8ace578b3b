/** Deadlines that controllers keep, by a clock that goes on while code runs and whose timers may be a millisecond early: none is missed, none comes twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Job } from '#api/batch/v1/job.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { seededRandom } from '#lib/random.ts'
import { startCluster } from './testing/cluster.ts'

const namespace = 'shop'
const template = { metadata: { labels: { app: 'x' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] } }
const onNode = { nodeName: 'n', containers: [{ name: 'main', image: 'x' }] }

for (let seed = 0; seed <= 8; seed += 1)
  test(`deadlines are kept, ${seed === 0 ? 'by a clock that stands still' : `seed ${seed}`}`, async () => {
    const { client, clock, complaints, stop } = await startCluster({}, seed === 0 ? undefined : seededRandom(seed))
    const at = async (second: number) => clock.advance(Math.max(0, Date.parse('2026-01-01T00:00:00Z') + second * 1_000 - clock.now()))
    const names = async () => (await client.list(Job, { namespace })).items.map(({ metadata }) => metadata.name)
    await client.create(Namespace, { metadata: { name: namespace } })
    await at(10)
    await client.create(
      Job,
      { metadata: { name: 'late' }, spec: { activeDeadlineSeconds: 20, ttlSecondsAfterFinished: 30, template } } as never,
      {
        namespace,
      },
    )
    await client.create(
      CronJob,
      {
        metadata: { name: 'minutely' },
        spec: { schedule: '* * * * *', successfulJobsHistoryLimit: 9, jobTemplate: { spec: { template } } },
      } as never,
      { namespace },
    )
    // No pod of it can be placed here, so that it never gets on.
    await client.create(
      Deployment,
      {
        metadata: { name: 'stuck' },
        spec: {
          replicas: 1,
          progressDeadlineSeconds: 25,
          minReadySeconds: 5,
          selector: { matchLabels: { app: 'y' } },
          template: { metadata: { labels: { app: 'y' } }, spec: { containers: [{ name: 'main', image: 'x' }] } },
        },
      } as never,
      { namespace },
    )
    const tolerates = { key: 'k', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 15 }
    await client.create(Pod, { metadata: { name: 'tolerant' }, spec: { ...onNode, tolerations: [tolerates] } } as never, { namespace })
    await at(12)
    await client.patch(Node, 'n', { type: 'merge', body: { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } } })
    const failed = async () => (await client.get(Job, 'late', namespace)).status.conditions?.find(({ type }) => type === 'Failed')?.reason
    const stuck = async () =>
      (await client.get(Deployment, 'stuck', namespace)).status.conditions?.find(({ type }) => type === 'Progressing')?.reason
    const isTolerated = async () => (await client.list(Pod, { namespace })).items.some(({ metadata }) => metadata.name === 'tolerant')

    await at(25)
    assert.deepEqual([await failed(), await stuck(), await isTolerated()], [undefined, 'ReplicaSetUpdated', true])
    await at(29)
    assert.equal(await isTolerated(), false, 'evicted once it has been tolerated for 15 s')
    await at(33)
    assert.equal(await failed(), 'DeadlineExceeded')
    await at(39)
    assert.equal(await stuck(), 'ProgressDeadlineExceeded')
    await at(58)
    assert.deepEqual(await names(), ['late'])
    await at(64)
    assert.deepEqual((await names()).length, 1, 'the first run is there, and what ended half a minute ago is gone')
    assert.ok(!(await names()).includes('late'))
    await at(60 * 6 + 30)
    assert.equal((await names()).length, 6, 'one run a minute')
    assert.deepEqual(complaints(), [])
    await stop()
  })
