import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createDeviceManager, type DeviceManager } from '#kubelet/devices/device-manager.ts'
import { startRegistrationServer } from '#kubelet/devices/registration-server.ts'
import { WherryError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { systemClock } from '../clock.ts'
import { checkpointFile } from './checkpoint-file.ts'
import { deviceFolder } from './device-folder.ts'
import { dialRpc, serveRpc } from './rpc.ts'
import { type Plugin, startPlugin } from './testing/child.ts'

const resource = 'example.com/test'
const three = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]

test('devices become a resource of the node, and follow their health and their plug-in', async (t) => {
  const { start, plugin, node } = await stage(t)
  const manager = await start()
  assert.equal(manager.isNew(), true)
  const one = plugin({ devices: three })
  await one.next('registered')
  await node('3/3')
  await one.tell({ devices: [{ id: 'a' }, { id: 'b', health: 'Unhealthy' }, { id: 'd' }, { id: 'e' }] })
  await node('4/3')
  await one.kill()
  await node('4/0')
})

test('a container gets what it asks for, and what its plug-in says of it', async (t) => {
  const { start, plugin, node } = await stage(t)
  const { manager, devices } = await start()
  const one = plugin({ devices: three, preStartRequired: true, cdi: true })
  await node('3/3')
  const first = pod('one', { main: 2 })
  await manager.allocate(first, first.spec.containers[0]!, undefined)
  assert.deepEqual((await one.next('allocate'))['ids'], [['a', 'b']])
  // Asked once more it changes nothing, and asks nobody.
  await manager.allocate(first, first.spec.containers[0]!, undefined)
  const grant = await manager.grant(first, first.spec.containers[0]!)
  assert.deepEqual((await one.next('preStart'))['ids'], ['a', 'b'])
  assert.deepEqual(grant.environment, [{ key: 'TEST_DEVICES', value: 'a,b' }])
  assert.deepEqual(grant.devices, [
    { containerPath: '/dev/test-a', hostPath: '/dev/null', permissions: 'rw' },
    { containerPath: '/dev/test-b', hostPath: '/dev/null', permissions: 'rw' },
  ])
  assert.equal(grant.mounts?.[0]?.readonly, true)
  assert.deepEqual(grant.cdiDevices, ['example.com/test=a', 'example.com/test=b'])
  assert.deepEqual(devices('one', 'main'), [
    {
      resource,
      devices: [
        { id: 'a', nodes: [] },
        { id: 'b', nodes: [] },
      ],
    },
  ])

  const second = pod('two', { main: 2 })
  await assert.rejects(manager.allocate(second, second.spec.containers[0]!, undefined), {
    message: `Allocate failed due to requested number of devices unavailable for ${resource}. Requested: 2, Available: 1, which is unexpected`,
  })
  await manager.release('one')
  await manager.allocate(second, second.spec.containers[0]!, undefined)
  assert.equal(one.said.filter(({ kind }) => kind === 'allocate').length, 2)
})

test('two pods at once never get the same device', async (t) => {
  const { start, plugin, node } = await stage(t)
  const { manager, devices } = await start()
  plugin({ devices: Array.from({ length: 8 }, (_, index) => ({ id: `d${index}` })), preferred: ['d5'] })
  await node('8/8')
  const pods = Array.from({ length: 8 }, (_, index) => pod(`pod-${index}`, { main: 1 }))
  await Promise.all(pods.map((one) => manager.allocate(one, one.spec.containers[0]!, undefined)))
  const given = pods.flatMap((one) => devices(one.metadata.uid, 'main').flatMap((held) => held.devices.map(({ id }) => id)))
  assert.equal(new Set(given).size, 8)
})

test('the plug-in is asked what it likes best, and init containers hand theirs on', async (t) => {
  const { start, plugin, node } = await stage(t)
  const { manager, devices } = await start()
  const one = plugin({ devices: [...three, { id: 'd' }], preferred: ['d', 'b'] })
  await node('4/4')
  const both = pod('one', { main: 2 }, { prepare: 1 })
  await manager.allocate(both, both.spec.initContainers![0]!, undefined)
  await manager.allocate(both, both.spec.containers[0]!, undefined)
  assert.deepEqual(ids(devices('one', 'prepare')), ['d'])
  assert.deepEqual(ids(devices('one', 'main')), ['d', 'b'])
  const [first, second] = one.said.filter(({ kind }) => kind === 'preferred')
  assert.deepEqual(first?.['requests'], [{ availableDeviceIDs: ['a', 'b', 'c', 'd'], mustIncludeDeviceIDs: [], allocationSize: 1 }])
  assert.deepEqual(second?.['requests'], [{ availableDeviceIDs: ['a', 'b', 'c', 'd'], mustIncludeDeviceIDs: ['d'], allocationSize: 2 }])
})

test('a pod that cannot have its devices is told why, and holds nothing', async (t) => {
  const { start, plugin, node } = await stage(t)
  const { manager, devices } = await start()
  const one = plugin({ devices: three })
  await node('3/3')
  await one.tell({ failure: 'on fire' })
  const first = pod('one', { main: 1 })
  await assert.rejects(manager.allocate(first, first.spec.containers[0]!, undefined), {
    message: 'Allocate failed due to rpc error: code = Unknown desc = on fire, which is unexpected',
  })
  assert.deepEqual(devices('one', 'main'), [])
  await one.tell({ devices: three.map(({ id }) => ({ id, health: 'Unhealthy' })) })
  await node('3/0')
  await assert.rejects(manager.allocate(first, first.spec.containers[0]!, undefined), {
    message: `Allocate failed due to no healthy devices present; cannot allocate unhealthy devices ${resource}, which is unexpected`,
  })
})

test('what was given out outlives the kubelet; plug-ins see their sockets go and come back', async (t) => {
  const { start, plugin, node, stop, directory, running } = await stage(t)
  const before = await start()
  const one = plugin({ devices: three })
  await node('3/3')
  const first = pod('one', { main: 2 })
  await before.manager.allocate(first, first.spec.containers[0]!, undefined)
  const grant = await before.manager.grant(first, first.spec.containers[0]!)
  await stop()

  const after = await start()
  assert.equal(after.isNew(), false)
  assert.ok(!(await readdir(join(directory, 'device-plugins'))).includes('plugin.sock'), 'the socket of the plug-in is gone')
  await node('0/0')
  // It restarts before its plug-in is back: what it was given is on the disk.
  assert.deepEqual(await after.manager.grant(first, first.spec.containers[0]!), grant)
  // A machine that started anew runs no container: then its devices have to be there.
  await assert.rejects(after.manager.allocate(first, first.spec.containers[0]!, undefined), {
    message: `Allocate failed due to no healthy devices present; cannot allocate unhealthy devices ${resource}, which is unexpected`,
  })
  // Nobody knows whether it runs: then it is not ended for it.
  running.add('unknown')
  await after.manager.allocate(first, first.spec.containers[0]!, undefined)
  running.delete('unknown')
  running.add('one')
  await after.manager.allocate(first, first.spec.containers[0]!, undefined)
  await one.kill()
  plugin({ devices: three })
  await node('3/3')
  const second = pod('two', { main: 2 })
  await assert.rejects(after.manager.allocate(second, second.spec.containers[0]!, undefined), /Requested: 2, Available: 1/)
})

test('a record of another form keeps no agent from starting', async (t) => {
  const { start, directory } = await stage(t)
  await checkpointFile(join(directory, 'device-plugins', 'checkpoint')).write({ version: 7 })
  assert.equal((await start()).isNew(), false)
})

test('the health of held devices shows in the status of their container', async (t) => {
  const { start, plugin, node } = await stage(t)
  const { manager } = await start()
  const one = plugin({ devices: three })
  await node('3/3')
  const first = pod('one', { main: 1 })
  await manager.allocate(first, first.spec.containers[0]!, undefined)
  const health = () => manager.status!(first, 'main').map(({ name, resources }) => [name, ...(resources ?? []).map((each) => each.health)])
  assert.deepEqual(health(), [[resource, 'Healthy']])
  const told = new Promise<string>((resolve) => t.after(manager.onChange!(resolve)))
  await one.tell({ devices: [{ id: 'a', health: 'Unhealthy' }, { id: 'b' }, { id: 'c' }] })
  assert.equal(await told, 'one')
  assert.deepEqual(health(), [[resource, 'Unhealthy']])
})

test('registrations that mean nothing are refused', async (t) => {
  const { start, plugin } = await stage(t)
  await start()
  const old = plugin({ devices: three, version: 'v1alpha' })
  assert.match(
    String((await old.next('refused'))['message']),
    /requested API version "v1alpha" is not supported by kubelet. Supported version is \["v1beta1"\]/,
  )
  const native = plugin({ devices: three, resource: 'cpu', endpoint: 'cpu.sock' })
  assert.match(String((await native.next('refused'))['message']), /the ResourceName "cpu" is invalid/)
})

const ids = (all: ReturnType<DeviceManager['devices']>): string[] => all.flatMap(({ devices }) => devices.map(({ id }) => id))

/** A pod whose containers ask for so many devices each. */
function pod(uid: string, containers: Readonly<Record<string, number>>, init: Readonly<Record<string, number>> = {}): Pod {
  const asking = (all: Readonly<Record<string, number>>) =>
    Object.entries(all).map(([name, count]) => ({ name, image: 'i', resources: { limits: { [resource]: String(count) } } }))
  return {
    metadata: { uid, name: uid, namespace: 'default' },
    spec: { containers: asking(containers), initContainers: asking(init) },
  } as unknown as Pod
}

async function stage(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'devices-'))
  const plugins: Plugin[] = []
  const running = new Set<string>()
  let current: { readonly manager: DeviceManager; stop(): Promise<void> } | undefined
  const stop = async (): Promise<void> => {
    await current?.stop()
    current = undefined
  }
  t.after(async () => {
    await Promise.all(plugins.map((one) => one.kill()))
    await stop()
    await rm(directory, { recursive: true })
  })
  return {
    directory,
    running,
    stop,
    async start(): Promise<DeviceManager> {
      const manager = createDeviceManager({
        dial: dialRpc,
        checkpoint: checkpointFile(join(directory, 'device-plugins', 'checkpoint')),
        clock: systemClock,
        log: silentLog,
        async isRunning(uid) {
          if (running.has('unknown')) throw new WherryError('ServiceUnavailable', 'the container runtime does not answer')
          return running.has(uid)
        },
        activePods: () => undefined,
      })
      await manager.start()
      const server = await startRegistrationServer({
        directory: join(directory, 'device-plugins'),
        folder: deviceFolder,
        serve: serveRpc,
        devices: manager,
        log: silentLog,
      })
      current = {
        manager,
        async stop() {
          await server.close()
          manager.close()
        },
      }
      return manager
    },
    plugin(settings: object): Plugin {
      const made = startPlugin('./device-plugin.ts', {
        directory: join(directory, 'device-plugins'),
        endpoint: 'plugin.sock',
        resource,
        ...settings,
      })
      plugins.push(made)
      return made
    },
    /** Resolves once the node shows this capacity and this much of it to be had. */
    node: (expected: string) =>
      new Promise<void>((resolve) => {
        const { node } = current!.manager
        const look = (): void => {
          const { capacity, allocatable } = node.read()
          if (`${capacity?.[resource]}/${allocatable?.[resource]}` !== expected) return
          forget()
          resolve()
        }
        const forget = node.onChange(look)
        look()
      }),
  }
}
