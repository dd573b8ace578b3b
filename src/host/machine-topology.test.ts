import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readMachineTopology } from './machine-topology.ts'

test('two nodes of two cores with two threads', async (t) => {
  const cpu = (id: number, siblings: string, socket: number, shared: string) => ({
    [`cpu/cpu${id}/topology/thread_siblings_list`]: siblings,
    [`cpu/cpu${id}/topology/physical_package_id`]: String(socket),
    [`cpu/cpu${id}/cache/index3/shared_cpu_list`]: shared,
  })
  const node = (id: number, cpus: string, distance: string) => ({
    [`node/node${id}/cpulist`]: cpus,
    [`node/node${id}/distance`]: distance,
    [`node/node${id}/meminfo`]: `Node ${id} MemTotal:       4194304 kB\nNode ${id} MemFree: 1 kB`,
    [`node/node${id}/hugepages/hugepages-2048kB/nr_hugepages`]: '16',
  })
  const topology = await readMachineTopology(
    tree(t, {
      'cpu/online': '0-3',
      ...cpu(0, '0,2', 0, '0,2'),
      ...cpu(1, '1,3', 1, '1,3'),
      ...cpu(2, '0,2', 0, '0,2'),
      ...cpu(3, '1,3', 1, '1,3'),
      ...node(0, '0,2', '10 21'),
      ...node(1, '1,3', '21 10'),
      'node/online': '0-1',
    }),
  )
  assert.deepEqual(
    topology.cpus.map(({ id, core, socket, node, cache }) => [id, core, socket, node, cache].join(' ')),
    ['0 0 0 0 0', '1 1 1 1 1', '2 0 0 0 0', '3 1 1 1 1'],
  )
  const memory = { memory: 4 * 2 ** 30, 'hugepages-2Mi': 32 * 2 ** 20 }
  assert.deepEqual(topology.nodes, [
    { id: 0, distances: [10, 21], memory },
    { id: 1, distances: [21, 10], memory },
  ])
})

test('a kernel that says nothing of nodes and caches', async (t) => {
  const topology = await readMachineTopology(tree(t, { 'cpu/online': '0-1' }), 1024)
  assert.deepEqual(
    topology.cpus.map(({ id, core, node, cache }) => [id, core, node, cache]),
    [
      [0, 0, 0, -1],
      [1, 1, 0, -1],
    ],
  )
  assert.deepEqual(topology.nodes, [{ id: 0, distances: [10], memory: { memory: 1024 } }])
})

test('this machine', async () => {
  const { cpus, nodes } = await readMachineTopology()
  assert.ok(cpus.length > 0 && nodes.length > 0 && nodes.every(({ memory }) => memory['memory']! > 0))
})

function tree(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'wherry-topology-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), `${content}\n`)
  }
  return root
}
