import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import { createTestServer } from '#apiserver/testing.ts'
import { createClient } from '#client/http.ts'
import { createDraManager, type DraManager } from '#kubelet/dra/dra-manager.ts'
import { createPluginWatcher } from '#kubelet/plugins/plugin-watcher.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import { systemClock } from '../clock.ts'
import { checkpointFile } from './checkpoint-file.ts'
import { dialRpc } from './rpc.ts'
import { socketFolder } from './socket-folder.ts'
import { type Plugin, startPlugin } from './testing/child.ts'

const driver = 'dra.example.com'
const { signal } = new AbortController()

test('a claim is prepared before the pod starts, and undone after the last pod that used it', async (t) => {
  const { start, plugin, claim } = await stage(t)
  const { manager, claimsInUse } = await start()
  const one = plugin()
  await one.next('registered')
  await claim('shared', ['one', 'two'])
  const [first, second] = [pod('one', { shared: 'shared' }), pod('two', { shared: 'shared' })]
  await manager.prepare!(first, signal)
  await manager.prepare!(first, signal)
  await manager.prepare!(second, signal)
  assert.deepEqual(calls(one, 'prepare'), [['shared']], 'prepared once')
  assert.deepEqual(
    claimsInUse(),
    new Map([
      ['', 1],
      [driver, 1],
    ]),
  )
  const grant = await manager.grant(first, first.spec.containers[0]!)
  assert.deepEqual(grant.cdiDevices, [`${driver}/device=shared`])
  assert.deepEqual((await manager.grant(first, { name: 'other' } as never)).cdiDevices, [])

  await manager.release('one')
  await manager.release('one')
  assert.deepEqual(calls(one, 'unprepare'), [])
  await manager.release('two')
  assert.deepEqual(calls(one, 'unprepare'), [['shared']])
  assert.deepEqual(claimsInUse(), new Map([['', 0]]))
})

test('a pod may use no claim that is not there, not its own or not reserved for it', async (t) => {
  const { start, plugin, claim } = await stage(t)
  const { manager } = await start()
  const one = plugin()
  await one.next('registered')
  await claim('others', ['someone-else'])
  await claim('strange', ['one'], { driver: 'other.example.com' })
  const check = (claimName: string, message: string | RegExp, status: object = {}) =>
    assert.rejects(manager.prepare!({ ...pod('one', { it: claimName }), status } as Pod, signal), { message })
  await check('missing', 'prepare dynamic resources: fetch ResourceClaim missing: resourceclaims.resource.k8s.io "missing" not found')
  await check('others', /^prepare dynamic resources: pod one \(one\) is not allowed to use ResourceClaim others \(.+\)$/)
  await check('strange', 'prepare dynamic resources: DRA driver other.example.com is not registered')
  const templated = pod('one', {})
  const withTemplate = {
    ...templated,
    spec: { ...templated.spec, resourceClaims: [{ name: 'it', resourceClaimTemplateName: 'template' }] },
  }
  await assert.rejects(manager.prepare!(withTemplate, signal), {
    message: 'prepare dynamic resources: pod "default/one": ResourceClaim not created yet',
  })
  const made = { ...withTemplate, status: { resourceClaimStatuses: [{ name: 'it', resourceClaimName: 'others' }] } } as Pod
  await assert.rejects(manager.prepare!(made, signal), {
    message: 'prepare dynamic resources: ResourceClaim default/others was not created for Pod default/one (Pod is not owner)',
  })
  // None was needed for it.
  await manager.prepare!({ ...withTemplate, status: { resourceClaimStatuses: [{ name: 'it' }] } } as Pod, signal)
  assert.deepEqual(calls(one, 'prepare'), [])
  await manager.release('one')
  assert.deepEqual(calls(one, 'unprepare'), [], 'what was refused has left nothing to undo')
})

test('what a driver cannot do is tried again, and undone even where it never worked', async (t) => {
  const { start, plugin, claim } = await stage(t)
  const { manager } = await start()
  const one = plugin()
  await one.next('registered')
  await one.tell({ failure: 'no power' })
  await claim('it', ['one'])
  const first = pod('one', { it: 'it' })
  await assert.rejects(manager.prepare!(first, signal), {
    message: 'prepare dynamic resources: NodePrepareResources failed for ResourceClaim it: no power',
  })
  await assert.rejects(manager.release('one'), {
    message: 'unprepare dynamic resources: NodeUnprepareResources failed for ResourceClaim it: no power',
  })
  await one.tell({ failure: null })
  await manager.release('one')
  assert.equal(calls(one, 'unprepare').length, 2)
})

test('a claim that could not be undone whole is prepared anew for who uses it next', async (t) => {
  const { start, plugin, claim } = await stage(t)
  const { manager } = await start()
  const one = plugin()
  await one.next('registered')
  await claim('it', ['one', 'two'])
  await manager.prepare!(pod('one', { it: 'it' }), signal)
  await one.tell({ failure: 'no power' })
  await assert.rejects(manager.release('one'), /no power/)
  await one.tell({ failure: null })
  await manager.prepare!(pod('two', { it: 'it' }), signal)
  assert.deepEqual(calls(one, 'prepare'), [['it'], ['it']])
})

test('a new kubelet knows what was prepared, and gives back what pods held that are gone', async (t) => {
  const { start, plugin, claim, stop, active } = await stage(t)
  const before = await start()
  const one = plugin({ services: ['v1beta1.DRAPlugin'] })
  await one.next('registered')
  await claim('kept', ['one'])
  await claim('lost', ['two'])
  const first = pod('one', { it: 'kept' })
  await before.manager.prepare!(first, signal)
  await before.manager.prepare!(pod('two', { it: 'lost' }), signal)
  const grant = await before.manager.grant(first, first.spec.containers[0]!)
  await stop()

  active.push('one')
  const after = await start()
  assert.deepEqual(await after.manager.grant(first, first.spec.containers[0]!), grant, 'a container may restart at once')
  // As soon as its driver is known again.
  assert.deepEqual((await one.next('unprepare'))['claims'], ['lost'])
  await one.next('registered')
  await after.manager.prepare!(first, signal)
  assert.deepEqual(calls(one, 'prepare'), [['kept'], ['lost'], ['kept']], 'drivers may have been restarted with the machine')
  assert.deepEqual(await after.manager.grant(first, first.spec.containers[0]!), grant, 'no device twice')
})

test('health shows in the status of the containers that use a device', async (t) => {
  const { start, plugin, claim } = await stage(t)
  const { manager } = await start()
  const one = plugin({ health: [{ device: 'device-it', health: 1 }] })
  await one.next('registered')
  await claim('it', ['one'])
  const first = pod('one', { mine: 'it' })
  const health = () => manager.status!(first, 'main')
  const changed = () =>
    new Promise<void>((resolve) => {
      const forget = manager.onChange!((uid) => {
        assert.equal(uid, 'one')
        forget()
        resolve()
      })
    })
  await manager.prepare!(first, signal)
  const id = `${driver}/device=it`
  await one.tell({ health: [{ device: 'device-it', health: 1 }] })
  let change = changed()
  await one.tell({ health: [{ device: 'device-it', health: 2, message: 'too hot', timeoutSeconds: 1 }] })
  await change
  assert.deepEqual(health(), [{ name: 'claim:mine', resources: [{ resourceID: id, health: 'Unhealthy', message: 'too hot' }] }])
  // Nobody repeats it in time.
  change = changed()
  await change
  assert.deepEqual(health(), [{ name: 'claim:mine', resources: [{ resourceID: id, health: 'Unknown' }] }])
  change = changed()
  await one.tell({ health: [{ device: 'device-it', health: 1 }] })
  await change
  assert.equal(health()[0]?.resources?.[0]?.health, 'Healthy')
  change = changed()
  await one.kill()
  await change
  assert.equal(health()[0]?.resources?.[0]?.health, 'Unknown')
})

test('a kubelet that starts takes back what drivers offered on its node, and on no other', async (t) => {
  const { start, client } = await stage(t)
  for (const nodeName of ['node', 'other'])
    await client.create(ResourceSlice, {
      metadata: { name: `of-${nodeName}` },
      spec: { driver, nodeName, pool: { name: nodeName, generation: 1, resourceSliceCount: 1 }, devices: [] },
    })
  await start()
  for (;;) {
    const { items } = await client.list(ResourceSlice)
    if (items.length === 2) continue
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['of-other'],
    )
    return
  }
})

test('a record that is damaged is no empty one', async (t) => {
  const { start, stop, directory } = await stage(t)
  await start()
  await stop()
  const path = join(directory, 'dra_manager_state')
  for (const [text, why] of [
    ['{"data":[],"checksum":"0"}', 'is corrupted'],
    ['{"data":[', 'is no JSON'],
  ] as const) {
    await writeFile(path, text)
    await assert.rejects(start(), {
      message: `the record of resource claims cannot be read; drain the node and remove it: checkpoint ${path} ${why}`,
    })
  }
})

const calls = (plugin: Plugin, kind: string) => plugin.said.filter((one) => one.kind === kind).map((one) => one['claims'])

/** A pod that uses these claims, by its own names for them. */
function pod(uid: string, claims: Readonly<Record<string, string>>): Pod {
  const names = Object.keys(claims)
  return {
    metadata: { uid, name: uid, namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'i', resources: { claims: names.map((name) => ({ name })) } }],
      resourceClaims: names.map((name) => ({ name, resourceClaimName: claims[name] })),
    },
  } as unknown as Pod
}

async function stage(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'dra-'))
  const server = await createTestServer({ clock: systemClock })
  const client = createClient(server.transport)
  await client.create(Namespace, { metadata: { name: 'default' } }).catch((error: unknown) => {
    if (!isError(error, 'AlreadyExists')) throw error
  })
  const plugins: Plugin[] = []
  const active: string[] = []
  let stopCurrent = async (): Promise<void> => {}
  const stop = async (): Promise<void> => {
    await stopCurrent()
    stopCurrent = async () => {}
  }
  t.after(async () => {
    await Promise.all(plugins.map((one) => one.kill()))
    await stop()
    await server.close()
    await rm(directory, { recursive: true })
  })
  return {
    directory,
    client,
    active,
    stop,
    async start(): Promise<DraManager> {
      const common = { dial: dialRpc, clock: systemClock, random: seededRandom(1), log: silentLog }
      const dra = createDraManager({
        ...common,
        nodeName: 'node',
        client,
        checkpoint: checkpointFile(join(directory, 'dra_manager_state')),
        activePods: () => (active.length === 0 ? undefined : new Set(active)),
      })
      const watcher = createPluginWatcher({ ...common, directory: join(directory, 'registry'), sockets: socketFolder })
      watcher.handle('DRAPlugin', dra.plugins)
      await dra.start()
      await watcher.start()
      stopCurrent = async () => {
        await watcher.close()
        dra.close()
      }
      return dra
    },
    plugin(settings: object = {}): Plugin {
      const made = startPlugin('./dra-plugin.ts', {
        driver,
        registration: join(directory, 'registry', `${driver}-reg.sock`),
        endpoint: join(directory, 'dra.sock'),
        ...settings,
      })
      plugins.push(made)
      return made
    },
    async claim(name: string, podUids: readonly string[], options: { driver?: string } = {}): Promise<void> {
      const made = await client.create(
        ResourceClaim,
        { metadata: { name }, spec: { devices: { requests: [{ name: 'request', exactly: { deviceClassName: 'class' } }] } } },
        { namespace: 'default' },
      )
      const results = [{ request: 'request', driver: options.driver ?? driver, pool: 'pool', device: `device-${name}` }]
      await client.update(
        ResourceClaim,
        {
          ...made,
          status: {
            allocation: { devices: { results } },
            reservedFor: podUids.map((uid) => ({ resource: 'pods', name: uid, uid })),
          },
        } as ResourceClaim,
        { subresource: 'status' },
      )
    },
  }
}
