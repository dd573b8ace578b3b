import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from '#api/core/v1/pod.ts'
import type { Files } from '../interfaces.ts'
import { memoryFiles } from '../test-node.ts'
import { container, world } from '../test-world.ts'

/** Files that know their links. */
function linking(link?: Files['link']) {
  const links = new Map<string, string>()
  const files = memoryFiles()
  const linked: Files = {
    ...files,
    link: link ?? (async (path, target) => void links.set(path, target)),
    async remove(path) {
      links.delete(path)
      await files.remove(path)
    },
  }
  return { files: linked, links }
}

const config = { config: { containerLogsDirectory: '/links' } }

test('a container’s log is found by its name for as long as the container is there', async (t) => {
  const { files, links } = linking()
  const bad = { bad: { exit: { afterMs: 1000, code: 3 } } }
  const { node, runtime, pass, status } = await world(t, bad, 1, files, undefined, config)
  await node.create('one', { containers: [container('main', 'bad'), container('other')] })
  // Restarted twice: of the attempts the last two are kept.
  await pass(14_000)
  const kept = await runtime.containers()
  const podUid = (await node.pod('one'))!.metadata.uid
  const expected = kept.map(({ id, metadata: { name, attempt } }) => [
    `/links/one_default_${name}-${id}.log`,
    `/var/log/pods/default_one_${podUid}/${name}/${attempt}.log`,
  ])
  assert.equal((await status('main')).restartCount, 2)
  assert.ok(expected.length >= 3)
  assert.deepEqual([...links].toSorted(), expected.toSorted())
  await node.client.delete(Pod, 'one', { namespace: 'default' })
  await pass(60_000)
  assert.equal(await node.pod('one'), undefined)
  assert.deepEqual([...links], [])
})

test('a node that cannot make links runs containers all the same', async (t) => {
  const { files } = linking(() => Promise.reject(new Error('read-only file system')))
  const { node, pass, show } = await world(t, {}, 1, files, undefined, config)
  await node.create('one', { containers: [container('main')] })
  await pass(1000)
  assert.equal(await show(), 'Running main:running/ready')
})
