import type { DialRpc, RpcChannel } from '../plugins/rpc.ts'
import { type Device, type DevicePluginOptions, devicePlugin } from './device-plugin-api.ts'

/** A device plug-in that has registered and answers. */
export interface PluginSession {
  readonly resource: string
  readonly socketPath: string
  readonly options: DevicePluginOptions
  readonly channel: RpcChannel
  /** Ends what follows its devices, and the connection. */
  close(): void
}

/** Connects to a plug-in and asks what it can do. Throws where it does not listen or answer. */
export async function openPluginSession(
  dial: DialRpc,
  resource: string,
  socketPath: string,
): Promise<PluginSession & { readonly signal: AbortSignal }> {
  const channel = dial(socketPath)
  const ending = new AbortController()
  try {
    await channel.ready(CONNECT_MS)
    const options = await channel.call(devicePlugin.options, {}, { timeoutMs: CALL_MS })
    return {
      resource,
      socketPath,
      options,
      channel,
      signal: ending.signal,
      close() {
        ending.abort()
        channel.close()
      },
    }
  } catch (error) {
    channel.close()
    throw error
  }
}

/** The plug-in's devices, whenever they change, for as long as it tells. Ends with an error where the stream breaks off. */
export const devicesOf = (
  session: PluginSession & { readonly signal: AbortSignal },
): AsyncIterable<{ devices?: readonly Device[] | undefined }> => session.channel.stream(devicePlugin.listAndWatch, {}, session.signal)

/**
 * Asks for devices to be made usable. The reference sets no limit; ours is far above what resetting hardware takes, and lets a pod fail whose
 * plug-in hangs.
 */
export async function allocateDevices({ channel }: PluginSession, devicesIds: readonly string[]) {
  const { containerResponses } = await channel.call(
    devicePlugin.allocate,
    { containerRequests: [{ devicesIds }] },
    { timeoutMs: ALLOCATE_MS },
  )
  return containerResponses ?? []
}

/** Which of these the plug-in would give; empty where it has no wish. */
export async function preferredDevices(
  { channel }: PluginSession,
  question: { readonly available: readonly string[]; readonly mustInclude: readonly string[] },
  allocationSize: number,
): Promise<readonly string[]> {
  const { containerResponses } = await channel.call(
    devicePlugin.preferredAllocation,
    {
      containerRequests: [{ availableDeviceIDs: question.available, mustIncludeDeviceIDs: question.mustInclude, allocationSize }],
    },
    { timeoutMs: ALLOCATE_MS },
  )
  return containerResponses?.[0]?.deviceIDs ?? []
}

export async function preStartContainer({ channel }: PluginSession, devicesIds: readonly string[]): Promise<void> {
  await channel.call(devicePlugin.preStartContainer, { devicesIds }, { timeoutMs: PRE_START_MS })
}

const CONNECT_MS = 10_000
const CALL_MS = 10_000
const ALLOCATE_MS = 120_000
/** KubeletPreStartContainerRPCTimeoutInSecs. */
const PRE_START_MS = 30_000
