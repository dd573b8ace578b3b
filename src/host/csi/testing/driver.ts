import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import { promisify } from 'node:util'
import { type handleUnaryCall, Server, ServerCredentials, status } from '@grpc/grpc-js'
import { nodeCapabilities, nodeService, usageUnits } from '#kubelet/csi/node-service.ts'
import { getInfo, notifyRegistrationStatus } from '#kubelet/plugins/registration.ts'
import type { RpcMethod } from '#kubelet/plugins/rpc.ts'
import { decodeProtobuf, encodeProtobuf } from '#schema/protobuf.ts'

/**
 * A small CSI driver as a process of its own, for tests: volumes are directories, staging and publishing are bind mounts. It registers as
 * drivers do, tells its parent of each call, and answers as its parent says. `driver-process.ts` starts it.
 */
export interface DriverSettings {
  readonly name: string
  readonly registryDirectory: string
  /** Volumes, and the socket of the Node service. */
  readonly stateDirectory: string
  readonly nodeId: string
  readonly capabilities: readonly (keyof typeof nodeCapabilities)[]
  readonly volumesMax?: number
  readonly topology?: Readonly<Record<string, string>>
  readonly versions?: readonly string[]
}

/** What the parent hears: one call, as it came in. */
export interface DriverCall {
  readonly method: string
  readonly request: Readonly<Record<string, unknown>>
}

/** How the next call of a method ends: with this code, after its work where `isDone`, or never where `hangs`. */
export interface DriverFault {
  readonly method: string
  readonly code?: number
  readonly message?: string
  readonly isDone?: boolean
  readonly hangs?: boolean
}

export type ToDriver = { readonly fault: DriverFault } | { readonly volumesMax: number } | { readonly ping: number }
export type FromDriver =
  | { readonly call: DriverCall }
  | { readonly registration: string }
  | { readonly ready: true }
  | { readonly pong: number }

const settings = JSON.parse(process.argv[2] ?? '{}') as DriverSettings
const run = promisify(execFile)
const faults: DriverFault[] = []
let volumesMax = settings.volumesMax ?? 0
const tell = (message: FromDriver): void => void process.send?.(message)

process.on('message', (message: ToDriver) => {
  if ('fault' in message) faults.push(message.fault)
  else if ('ping' in message) tell({ pong: message.ping })
  else volumesMax = message.volumesMax
})
process.on('disconnect', () => process.exit(0))

const volumeOf = (id: string): string => `${settings.stateDirectory}/volumes/${id}`
/** The kernel's table has real paths, and drivers look with those (k8s.io/mount-utils). */
async function isMounted(path: string): Promise<boolean> {
  const real = await fs.realpath(path).catch(() => path)
  return (await fs.readFile('/proc/self/mountinfo', 'utf8')).split('\n').some((line) => line.split(' ', 5)[4] === real)
}

async function bind(from: string, to: string, readOnly: boolean): Promise<void> {
  if (await isMounted(to)) return
  await run('mount', ['--bind', from, to])
  if (readOnly) await run('mount', ['-o', 'remount,bind,ro', to])
}

async function unbind(path: string): Promise<void> {
  while (await isMounted(path)) await run('umount', [path])
}

/** A device node of the first loop device: nobody reads it, but it is a block device. */
async function deviceOf(id: string): Promise<string> {
  await fs.mkdir(volumeOf(id), { recursive: true })
  const device = `${volumeOf(id)}/device`
  if (!existsSync(device)) await run('mknod', [device, 'b', '7', '0'])
  return device
}

const answers: Record<string, (request: never) => Promise<object>> = {
  [nodeService.stage.path]: async (request: { volumeId: string; stagingTargetPath: string; volumeCapability?: { block?: object } }) => {
    await fs.mkdir(volumeOf(request.volumeId), { recursive: true })
    if (!request.volumeCapability?.block) await bind(volumeOf(request.volumeId), request.stagingTargetPath, false)
    return {}
  },
  [nodeService.unstage.path]: async (request: { stagingTargetPath: string }) => {
    await unbind(request.stagingTargetPath)
    return {}
  },
  [nodeService.publish.path]: async (request: {
    volumeId: string
    stagingTargetPath?: string
    targetPath: string
    readonly?: boolean
    volumeCapability?: { block?: object }
  }) => {
    const readOnly = request.readonly ?? false
    if (request.volumeCapability?.block) {
      await (await fs.open(request.targetPath, 'a')).close()
      await bind(await deviceOf(request.volumeId), request.targetPath, readOnly)
      return {}
    }
    await fs.mkdir(volumeOf(request.volumeId), { recursive: true })
    await fs.mkdir(request.targetPath, { recursive: true })
    await bind(request.stagingTargetPath || volumeOf(request.volumeId), request.targetPath, readOnly)
    return {}
  },
  [nodeService.unpublish.path]: async ({ targetPath }: { targetPath: string }) => {
    await unbind(targetPath)
    await fs.rm(targetPath, { recursive: true, force: true })
    return {}
  },
  [nodeService.stats.path]: async ({ volumePath }: { volumePath: string }) => {
    const { bsize, blocks, bavail, bfree, files, ffree } = await fs.statfs(volumePath)
    return {
      usage: [
        { unit: usageUnits.bytes, total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize },
        { unit: usageUnits.inodes, total: files, available: ffree, used: files - ffree },
      ],
    }
  },
  [nodeService.expand.path]: async (request: { capacityRange?: { requiredBytes?: number } }) => ({
    capacityBytes: request.capacityRange?.requiredBytes ?? 0,
  }),
  [nodeService.capabilities.path]: async () => ({
    capabilities: settings.capabilities.map((name) => ({ rpc: { type: nodeCapabilities[name] } })),
  }),
  [nodeService.info.path]: async () => ({
    nodeId: settings.nodeId,
    maxVolumesPerNode: volumesMax,
    ...(settings.topology && { accessibleTopology: { segments: settings.topology } }),
  }),
}

function handler(method: string, path: string): handleUnaryCall<unknown, unknown> {
  return (call, done) => {
    tell({ call: { method, request: call.request as DriverCall['request'] } })
    const at = faults.findIndex((fault) => fault.method === method)
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]
    if (fault?.hangs) return
    const refuse = () => done({ code: fault?.code ?? status.INTERNAL, details: fault?.message ?? 'as told' })
    if (fault !== undefined && !fault.isDone) return refuse()
    answers[path]!(call.request as never).then(
      (answer) => (fault === undefined ? done(null, answer) : refuse()),
      (error: Error) => done({ code: status.INTERNAL, details: error.message }),
    )
  }
}

const define = ({ path, request, answer }: RpcMethod<unknown, never, unknown, never>) => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: unknown) => Buffer.from(encodeProtobuf(request, value, { syntax: 'proto3' })),
  requestDeserialize: (bytes: Buffer) => decodeProtobuf(request, bytes, { syntax: 'proto3' }),
  responseSerialize: (value: unknown) => Buffer.from(encodeProtobuf(answer, value, { syntax: 'proto3' })),
  responseDeserialize: (bytes: Buffer) => decodeProtobuf(answer, bytes, { syntax: 'proto3' }),
})

async function listen(server: Server, path: string): Promise<void> {
  await fs.rm(path, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()))
  })
}

const endpoint = `${settings.stateDirectory}/csi.sock`
const node = new Server()
for (const method of Object.values(nodeService)) {
  const name = method.path.slice(method.path.lastIndexOf('/') + 1)
  node.addService({ call: define(method as never) }, { call: handler(name, method.path) })
}
await fs.mkdir(settings.stateDirectory, { recursive: true })
await listen(node, endpoint)

const registration = new Server()
registration.addService(
  { info: define(getInfo as never), told: define(notifyRegistrationStatus as never) },
  {
    info: (_call: unknown, done: (error: null, answer: object) => void) =>
      done(null, { type: 'CSIPlugin', name: settings.name, endpoint, supportedVersions: settings.versions ?? ['1.0.0'] }),
    told: (call: { request: { pluginRegistered?: boolean; error?: string } }, done: (error: null, answer: object) => void) => {
      tell({ registration: call.request.pluginRegistered ? 'registered' : (call.request.error ?? '') })
      done(null, {})
    },
  },
)
await fs.mkdir(settings.registryDirectory, { recursive: true })
await listen(registration, `${settings.registryDirectory}/${settings.name}-reg.sock`)
tell({ ready: true })
