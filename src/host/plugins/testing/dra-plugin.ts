import { draServices, watchHealth } from '#kubelet/dra/dra-plugin-api.ts'
import { getInfo, notifyRegistrationStatus } from '#kubelet/plugins/registration.ts'
import { served, servedStream } from '#kubelet/plugins/rpc.ts'
import { serveRpc } from '../rpc.ts'
import { asPlugin } from './child.ts'

/** A small driver for dynamic resource allocation: of each claim it makes one device, known to the runtime by a CDI name. */
interface Settings {
  readonly driver: string
  /** Where it registers, in the registry folder; and where it serves. */
  readonly registration: string
  readonly endpoint: string
  /** `v1.DRAPlugin` by default. */
  readonly services?: readonly string[]
  /** Devices of which it tells the health; undefined: it tells of none. */
  readonly health?: readonly TestHealth[]
}

interface TestHealth {
  readonly device: string
  /** 1: healthy, 2: unhealthy. */
  readonly health: number
  readonly message?: string
  readonly timeoutSeconds?: number
}

let failure: string | null = null
let wake = () => {}
const { settings, say } = asPlugin<Settings>((command) => {
  if ('failure' in command) failure = command['failure'] as string | null
  if ('health' in command) health = command['health'] as readonly TestHealth[]
  wake()
})
const { driver, services = ['v1.DRAPlugin'] } = settings
let { health } = settings

await serveRpc(settings.endpoint, [
  ...services.flatMap((name) => {
    const { prepare, unprepare } = draServices.get(name)!
    return [
      served(prepare, ({ claims = [] }) => {
        say('prepare', { claims: claims.map((claim) => claim.name) })
        const results = claims.map(({ uid = '', name: claim = '' }) => {
          if (failure !== null) return [uid, { error: failure }] as const
          const device = { poolName: 'pool', deviceName: `device-${claim}`, requestNames: [], cdiDeviceIds: [`${driver}/device=${claim}`] }
          return [uid, { devices: [device] }] as const
        })
        return { claims: Object.fromEntries(results) }
      }),
      served(unprepare, ({ claims = [] }) => {
        say('unprepare', { claims: claims.map((claim) => claim.name) })
        return { claims: Object.fromEntries(claims.map(({ uid = '' }) => [uid, failure === null ? {} : { error: failure }])) }
      }),
    ]
  }),
  ...(health === undefined
    ? []
    : [
        servedStream(watchHealth, async function* (_request, signal) {
          while (!signal.aborted) {
            yield {
              devices: health!.map(({ device, health: state, message = '', timeoutSeconds = 0 }) => ({
                device: { poolName: 'pool', deviceName: device },
                health: state,
                message,
                healthCheckTimeoutSeconds: timeoutSeconds,
              })),
            }
            await new Promise<void>((resolve) => {
              wake = resolve
              signal.addEventListener('abort', () => resolve(), { once: true })
            })
          }
        }),
      ]),
])
await serveRpc(settings.registration, [
  served(getInfo, () => ({ type: 'DRAPlugin', name: driver, endpoint: settings.endpoint, supportedVersions: services })),
  served(notifyRegistrationStatus, ({ pluginRegistered, error }) => {
    say(pluginRegistered ? 'registered' : 'refused', { message: error })
    return {}
  }),
])
