import { join } from 'node:path'
import { devicePlugin, register } from '#kubelet/devices/device-plugin-api.ts'
import { served, servedStream } from '#kubelet/plugins/rpc.ts'
import { dialRpc, serveRpc } from '../rpc.ts'
import { asPlugin } from './child.ts'

/** A small device plug-in: made-up devices, of which each is `/dev/null` by another name. */
interface Settings {
  readonly directory: string
  readonly endpoint: string
  readonly resource: string
  readonly devices: readonly TestDevice[]
  readonly version?: string
  readonly preStartRequired?: boolean
  /** The devices that it likes best, by ID. */
  readonly preferred?: readonly string[]
  readonly cdi?: boolean
}

interface TestDevice {
  readonly id: string
  readonly health?: 'Healthy' | 'Unhealthy'
  readonly nodes?: readonly number[]
}

let failure: string | null = null
let wake = () => {}
const { settings, say } = asPlugin<Settings>((command) => {
  if ('devices' in command) devices = command['devices'] as readonly TestDevice[]
  if ('failure' in command) failure = command['failure'] as string | null
  wake()
})
let { devices } = settings
const socketPath = join(settings.directory, settings.endpoint)

function fail(): void {
  if (failure !== null) throw new Error(failure)
}

await serveRpc(socketPath, [
  served(devicePlugin.options, () => ({
    preStartRequired: settings.preStartRequired ?? false,
    getPreferredAllocationAvailable: settings.preferred !== undefined,
  })),
  servedStream(devicePlugin.listAndWatch, async function* (_request, signal) {
    for (;;) {
      yield {
        devices: devices.map(({ id, health = 'Healthy', nodes }) => ({
          ID: id,
          health,
          ...(nodes !== undefined && { topology: { nodes: nodes.map((node) => ({ ID: node })) } }),
        })),
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      if (signal.aborted) return
    }
  }),
  served(devicePlugin.preferredAllocation, ({ containerRequests = [] }) => {
    say('preferred', { requests: containerRequests })
    return {
      containerResponses: containerRequests.map(({ availableDeviceIDs = [] }) => ({
        deviceIDs: settings.preferred!.filter((id) => availableDeviceIDs.includes(id)),
      })),
    }
  }),
  served(devicePlugin.allocate, ({ containerRequests = [] }) => {
    say('allocate', { ids: containerRequests.map(({ devicesIds }) => devicesIds) })
    fail()
    return {
      containerResponses: containerRequests.map(({ devicesIds: ids = [] }) => ({
        envs: { TEST_DEVICES: ids.join(',') },
        mounts: [{ containerPath: '/device-plugin', hostPath: settings.directory, readOnly: true }],
        devices: ids.map((id) => ({ containerPath: `/dev/test-${id}`, hostPath: '/dev/null', permissions: 'rw' })),
        annotations: { 'example.com/devices': ids.join(',') },
        cdiDevices: settings.cdi ? ids.map((id) => ({ name: `example.com/test=${id}` })) : [],
      })),
    }
  }),
  served(devicePlugin.preStartContainer, ({ devicesIds }) => {
    say('preStart', { ids: devicesIds })
    fail()
    return {}
  }),
])

async function announce(): Promise<void> {
  const channel = dialRpc(join(settings.directory, 'kubelet.sock'))
  try {
    await channel.ready(5_000)
    await channel.call(
      register,
      { version: settings.version ?? 'v1beta1', endpoint: settings.endpoint, resourceName: settings.resource },
      { timeoutMs: 5_000 },
    )
    say('registered')
  } catch (error) {
    say('refused', { message: (error as Error).message })
  } finally {
    channel.close()
  }
}

await announce()
