import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { WherryError } from '#lib/errors.ts'
import type { MountRequest, VolumeHost } from '../volume-host.ts'
import type { VolumeSpec } from '../volume-plugin.ts'
import { nfsPlugin } from './nfs.ts'

const path = '/pods/u/volumes/kubernetes.io~nfs/v'

interface Case {
  readonly spec: object
  readonly gives: Partial<MountRequest> & { readonly readOnly: boolean }
}

const own = (nfs: object): object => ({ name: 'v', volume: { name: 'v', nfs }, readOnly: false })
const persistent = (nfs: object, readOnly: boolean, more: object = {}): object => ({
  name: 'pv',
  volume: { name: 'v' },
  persistentVolume: { metadata: {}, spec: { nfs, ...more } },
  readOnly,
})
const source = { server: 'files.example.com', path: '/exports/a' }
const cases: Readonly<Record<string, Case>> = {
  "a pod's own": { spec: own(source), gives: { source: 'files.example.com:/exports/a', options: [], readOnly: false } },
  'only read': { spec: own({ ...source, readOnly: true }), gives: { options: ['ro'], readOnly: true } },
  'IPv6 in brackets': { spec: own({ ...source, server: '2001:db8::1' }), gives: { source: '[2001:db8::1]:/exports/a', readOnly: false } },
  "a claim's, with options of the volume": {
    spec: persistent(source, true, { mountOptions: ['nfsvers=4.1', 'hard'] }),
    gives: { options: ['hard', 'nfsvers=4.1', 'ro'], readOnly: true },
  },
  "the claim says whether it is only read, not the volume's source": {
    spec: persistent({ ...source, readOnly: true }, false),
    gives: { options: [], readOnly: false },
  },
}

for (const [name, { spec, gives }] of Object.entries(cases))
  test(`NFS: ${name}`, async () => {
    const { host, calls, requests } = fakeHost()
    const { readOnly, ...mounted } = gives
    const plugin = nfsPlugin(host)
    assert.ok(plugin.supports(spec as VolumeSpec))
    assert.deepEqual(await plugin.setUp(request(spec)), { hasGroup: true, readOnly })
    const [made] = requests
    assert.deepEqual({ ...made, ...mounted, signal: undefined }, { ...made, signal: undefined })
    assert.deepEqual([made!.target, made!.type, made!.network], [path, 'nfs', true])
    assert.deepEqual(calls, ['isMounted', 'makeDirectory', 'mount', 'checkAlive'])
  })

test('NFS: what is mounted is looked at only once its server has answered; it is taken away by force where it does not', async () => {
  const { host, calls } = fakeHost({ isMounted: true })
  await nfsPlugin(host).setUp(request(own(source)))
  assert.deepEqual(calls, ['isMounted', 'checkAlive'])
  calls.length = 0
  const dead = fakeHost({ isMounted: true, isDead: true })
  await assert.rejects(nfsPlugin(dead.host).setUp(request(own(source))), { code: 'Timeout' })
  await assert.rejects(nfsPlugin(dead.host).stats!({ podUid: 'u', volumeName: 'v', path, record: undefined }), { code: 'Timeout' })
  assert.ok(!dead.calls.includes('fileSystemStats'))
  await nfsPlugin(host).tearDown!({ podUid: 'u', volumeName: 'v', path, record: undefined, isLast: true })
  assert.deepEqual(calls, ['unmount by force if need be', 'remove'])
})

test('NFS: a server that would be an option of mount(8) is none', () => {
  assert.throws(() => nfsPlugin(fakeHost().host).supports(own({ ...source, server: '-oremount' }) as VolumeSpec), { code: 'Invalid' })
})

const request = (spec: object) => ({
  pod: { metadata: { uid: 'u' }, spec: {} } as unknown as Pod,
  spec: spec as VolumeSpec,
  path,
  isShared: false,
  signal: new AbortController().signal,
  remember: async () => {},
})

/** A machine that notes what is asked of it. */
function fakeHost({ isMounted = false, isDead = false } = {}) {
  const calls: string[] = []
  const requests: MountRequest[] = []
  const host: Partial<VolumeHost> = {
    async isMounted() {
      calls.push('isMounted')
      return isMounted
    },
    makeDirectory: async () => void calls.push('makeDirectory'),
    async mount(one) {
      calls.push('mount')
      requests.push(one)
    },
    async checkAlive() {
      calls.push('checkAlive')
      if (isDead) throw new WherryError('Timeout', 'no answer')
    },
    unmount: async (_path, how) => void calls.push(how?.network ? 'unmount by force if need be' : 'unmount'),
    remove: async () => void calls.push('remove'),
    fileSystemStats: async () => assert.fail('nobody may wait for a server that does not answer'),
  }
  return { host: host as VolumeHost, calls, requests }
}
