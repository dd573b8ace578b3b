import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Runtime } from '../../runtime.ts'
import { type CdiEdits, type CdiFile, cdiEdits } from './cdi-edits.ts'
import { withCdi } from './with-cdi.ts'

const none: CdiEdits = { environment: [], devices: [], mounts: [], groups: [] }
const file = (path: string, priority: number, devices: object, more: object = {}): CdiFile => ({
  path,
  priority,
  content: { kind: 'v.com/gpu', devices: Object.entries(devices).map(([name, containerEdits]) => ({ name, containerEdits })), ...more },
})

function check(title: string, files: readonly CdiFile[], names: string, expected: Partial<CdiEdits> | RegExp): void {
  test(title, () => {
    if (expected instanceof RegExp) assert.throws(() => cdiEdits(files, names.split(' ')), expected)
    else assert.deepEqual(cdiEdits(files, names.split(' ')), { ...none, ...expected })
  })
}

check(
  'environment, devices, mounts and groups',
  [
    file('a.json', 0, {
      one: {
        env: ['A=1', 'B=x=y'],
        deviceNodes: [{ path: '/dev/a' }, { path: '/dev/b', hostPath: '/dev/c', permissions: 'r' }],
        mounts: [
          { hostPath: '/h', containerPath: '/c', options: ['ro', 'rbind', 'rslave'] },
          { hostPath: '/i', containerPath: '/d', type: 'bind' },
        ],
        additionalGids: [0, 7],
        hooks: [],
      },
    }),
  ],
  'v.com/gpu=one',
  {
    environment: [
      { key: 'A', value: '1' },
      { key: 'B', value: 'x=y' },
    ],
    devices: [
      { containerPath: '/dev/a', hostPath: '/dev/a', permissions: 'rwm' },
      { containerPath: '/dev/b', hostPath: '/dev/c', permissions: 'r' },
    ],
    mounts: [
      { containerPath: '/c', hostPath: '/h', readonly: true, propagation: 'HostToContainer' },
      { containerPath: '/d', hostPath: '/i', readonly: false, propagation: 'None' },
    ],
    groups: [7],
  },
)
check(
  'what a file says of all its devices is done once, and first',
  [file('a.json', 0, { one: { env: ['A=one'] }, two: { env: ['B=two'] } }, { containerEdits: { env: ['A=all', 'C=all'] } })],
  'v.com/gpu=one v.com/gpu=two',
  {
    environment: [
      { key: 'A', value: 'one' },
      { key: 'C', value: 'all' },
      { key: 'B', value: 'two' },
    ],
  },
)
check(
  'the folder that comes later counts',
  [file('etc.json', 0, { one: { env: ['A=etc'] } }), file('run.json', 1, { one: { env: ['A=run'] } })],
  'v.com/gpu=one',
  { environment: [{ key: 'A', value: 'run' }] },
)
check(
  'two files of one folder that have one device: neither counts',
  [file('a.json', 0, { one: {} }), file('b.json', 0, { one: {} })],
  'v.com/gpu=one',
  /unresolvable CDI devices v\.com\/gpu=one$/,
)
check(
  'a device that no file has is named, with the files that may have had it',
  [{ path: 'broken.json', priority: 0, content: undefined }, file('a.json', 0, { one: {} })],
  'v.com/gpu=one v.com/gpu=two other.com/gpu=one',
  /unresolvable CDI devices v\.com\/gpu=two, other\.com\/gpu=one \(cannot be read: broken\.json\)$/,
)
check(
  'what cannot be said to a runtime is no secret',
  [file('a.json', 0, { one: { hooks: [{ hookName: 'createContainer', path: '/bin/x' }] } })],
  'v.com/gpu=one',
  /v\.com\/gpu=one needs hooks, which this container runtime cannot be told/,
)
check(
  'nor are mounts that are more than a path',
  [file('a.json', 0, { one: { mounts: [{ hostPath: 'tmpfs', containerPath: '/c', type: 'tmpfs' }] } })],
  'v.com/gpu=one',
  /mount of type tmpfs/,
)

test('only a runtime that does not read the files itself is spared them', async () => {
  const content = '{"kind":"v.com/gpu","devices":[{"name":"one","containerEdits":{"env":["A=1"],"deviceNodes":[{"path":"/dev/a"}]}}]}'
  const files = { list: async () => ['a.json', 'note.txt'], read: async () => Buffer.from(content) }
  const config = {
    cdiDevices: ['v.com/gpu=one'],
    env: [{ key: 'A', value: '0' }],
    devices: [{ containerPath: '/dev/a', hostPath: '/dev/z', permissions: 'r' }],
    mounts: [],
    security: { supplementalGroups: [] },
  }
  for (const [name, version, isRead] of [
    ['containerd', '1.6.20~ds1', false],
    ['containerd', 'v1.7.0', true],
    ['containerd', 'v2.1.4', true],
    ['cri-o', '1.31.0', true],
  ] as const) {
    let made: typeof config | undefined
    const runtime = { version: async () => ({ name, version }), createContainer: async (_id: string, one: typeof config) => (made = one) }
    await withCdi(runtime as unknown as Runtime, { files, directories: ['/etc/cdi'] }).createContainer('s', config as never, {} as never)
    if (isRead) assert.equal(made, config)
    else
      assert.deepEqual(made, {
        ...config,
        cdiDevices: [],
        env: [{ key: 'A', value: '1' }],
        devices: [{ containerPath: '/dev/a', hostPath: '/dev/a', permissions: 'rwm' }],
      })
  }
})
