import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodStats } from '../stats/summary.ts'
import { type Disks, rankForEviction } from './rank.ts'
import type { Signal } from './signals.ts'
import { GiB, MiB, madePod, madeStats } from './testing.ts'

const oneDisk: Disks = { hasImageFs: false, isSplit: false }

interface Row {
  readonly name: string
  readonly uses?: Parameters<typeof madeStats>[1]
  readonly requests?: Readonly<Record<string, string>>
  readonly priority?: number
  readonly spec?: object
}

check(
  'memory: over its request before all others',
  'memory.available',
  [
    { name: 'within', uses: { memory: 500 * MiB }, requests: { memory: '1Gi' } },
    { name: 'over', uses: { memory: 20 * MiB }, requests: { memory: '10Mi' } },
  ],
  'over within',
)
check(
  'memory: then the lower priority',
  'memory.available',
  [
    { name: 'high', uses: { memory: GiB }, priority: 1000 },
    { name: 'low', uses: { memory: MiB }, priority: -5 },
    { name: 'middle', uses: { memory: 3 * GiB } },
  ],
  'low middle high',
)
check(
  'memory: then who is furthest over it',
  'memory.available',
  [
    { name: 'little', uses: { memory: 2 * GiB }, requests: { memory: '1.9Gi' } },
    { name: 'much', uses: { memory: GiB }, requests: { memory: '100Mi' } },
  ],
  'much little',
)
check(
  'a priority never saves one over its request from one within it',
  'memory.available',
  [
    { name: 'within', uses: { memory: MiB }, requests: { memory: '1Gi' }, priority: -100 },
    { name: 'over', uses: { memory: MiB }, priority: 1_000_000 },
  ],
  'over within',
)
check(
  'one that nothing is known of goes first',
  'memory.available',
  [{ name: 'known', uses: { memory: 9 * GiB } }, { name: 'unknown' }],
  'unknown known',
)
check(
  'processes: priority, then how many',
  'pid.available',
  [
    { name: 'many', uses: { processes: 500 } },
    { name: 'few', uses: { processes: 5 } },
    { name: 'cheap', uses: { processes: 1 }, priority: -1 },
  ],
  'cheap many few',
)
check(
  'disk: layers, logs and local volumes count on one disk',
  'nodefs.available',
  [
    { name: 'layer', uses: { disk: 30 * MiB } },
    { name: 'log', uses: { logs: 40 * MiB } },
    { name: 'volume', uses: { volumes: { data: 50 * MiB } }, spec: { volumes: [{ name: 'data', emptyDir: {} }] } },
    { name: 'tmpfs', uses: { volumes: { data: 900 * MiB } }, spec: { volumes: [{ name: 'data', emptyDir: { medium: 'Memory' } }] } },
  ],
  'volume log layer tmpfs',
)
check(
  'disk: of an image disk of its own only layers',
  'imagefs.available',
  [
    { name: 'layer', uses: { disk: 3 * MiB } },
    { name: 'log', uses: { logs: 40 * MiB } },
  ],
  'layer log',
  { hasImageFs: true, isSplit: false },
)
check(
  'disk: … and of the node’s all but layers',
  'nodefs.available',
  [
    { name: 'layer', uses: { disk: 300 * MiB } },
    { name: 'log', uses: { logs: 4 * MiB } },
  ],
  'log layer',
  { hasImageFs: true, isSplit: false },
)
check(
  'disk: split, the node’s disk holds the layers',
  'containerfs.available',
  [
    { name: 'log', uses: { logs: 4 * MiB } },
    { name: 'layer', uses: { disk: 300 * MiB } },
  ],
  'layer log',
  { hasImageFs: true, isSplit: true },
)
check(
  'inodes',
  'nodefs.inodesFree',
  [
    { name: 'few', uses: { inodes: 10 } },
    { name: 'many', uses: { inodes: 10_000 } },
  ],
  'many few',
)

function check(title: string, signal: Signal, rows: readonly Row[], expected: string, disks = oneDisk): void {
  test(title, () => {
    const stats = new Map<string, PodStats>()
    const pods = rows.map(({ name, uses, requests, priority, spec }) => {
      if (uses !== undefined) stats.set(name, madeStats(name, uses))
      const containers = [{ name: 'main', resources: requests === undefined ? {} : { requests } }]
      return madePod({ name, spec: { containers, ...(priority !== undefined && { priority }), ...spec } })
    })
    for (const order of [pods, pods.toReversed()]) {
      const ranked = rankForEviction(order, signal, ({ metadata }) => stats.get(metadata.name), disks)
      assert.equal(ranked.map(({ metadata }) => metadata.name).join(' '), expected)
    }
  })
}
