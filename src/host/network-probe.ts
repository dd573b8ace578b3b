import { request as requestHttps } from 'node:https'
import { connect, isIPv6 } from 'node:net'
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import type { NetworkProbe, ProbeAnswer } from '#kubelet/interfaces.ts'
import { request as requestHttp } from '#lib/node-http.ts'

/** Asks containers over the machine's network. Texts are those of the reference, which people and tools search for. */
export const networkProbe: NetworkProbe = { http: askHttp, tcp: askTcp, grpc: askGrpc }

const REDIRECTS_MAX = 10
const BODY_LIMIT_BYTES = 10 * 1024

async function askHttp({ url, headers, timeoutMs }: Parameters<NetworkProbe['http']>[0]): Promise<ProbeAnswer> {
  const signal = AbortSignal.timeout(timeoutMs)
  let target = new URL(url)
  try {
    for (let redirects = 0; ; redirects += 1) {
      const { code, location, body } = await get(target, headers, signal)
      const next = location === undefined || code < 300 || code >= 400 ? undefined : new URL(location, target)
      // Another host is not ours to judge: that the container sends us there is answer enough.
      if (next === undefined || next.hostname !== target.hostname) {
        if (code >= 300 && code < 400)
          return { result: 'success', output: `Probe terminated redirects, Response body: ${body}`, statusCode: code, isWarning: true }
        if (code >= 200 && code < 300) return { result: 'success', output: body, statusCode: code }
        return { result: 'failure', output: `HTTP probe failed with statuscode: ${code}`, statusCode: code }
      }
      if (redirects + 1 >= REDIRECTS_MAX)
        return { result: 'failure', output: `Get "${next.href}": stopped after ${REDIRECTS_MAX} redirects` }
      target = next
    }
  } catch (error) {
    const why = signal.aborted ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' : dialError(target, error)
    return { result: 'failure', output: `Get "${target.href}": ${why}` }
  }
}

interface HttpAnswer {
  readonly code: number
  readonly location: string | undefined
  readonly body: string
}

function get(url: URL, headers: readonly { readonly name: string; readonly value: string }[], signal: AbortSignal): Promise<HttpAnswer> {
  const fields: Record<string, string | string[]> = {}
  for (const { name, value } of headers) {
    const field = name.toLowerCase()
    // One that is named more than once is sent as often; a connection is for one host.
    fields[field] = field === 'host' ? (fields[field] ?? value) : [...(fields[field] ?? []), value]
  }
  for (const [field, usual] of Object.entries({ 'user-agent': 'kube-probe/1.36', accept: '*/*' }))
    if (fields[field] === undefined) fields[field] = usual
    else if (fields[field][0] === '') delete fields[field]
  return new Promise((resolve, reject) => {
    const options = { method: 'GET', headers: fields, signal, agent: false, rejectUnauthorized: false } as const
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, (response) => {
      const parts: Buffer[] = []
      let sizeBytes = 0
      const done = () => {
        resolve({ code: response.statusCode ?? 0, location: response.headers.location, body: Buffer.concat(parts).toString() })
        request.destroy()
      }
      response.on('data', (part: Buffer) => {
        parts.push(part.subarray(0, BODY_LIMIT_BYTES - sizeBytes))
        sizeBytes += part.length
        if (sizeBytes >= BODY_LIMIT_BYTES) done()
      })
      response.on('end', done)
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })
}

function askTcp(host: string, port: number, timeoutMs: number): Promise<ProbeAnswer> {
  const where = `dial tcp ${authority(host, port)}`
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const answer = (result: ProbeAnswer) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(timeoutMs, () => answer({ result: 'failure', output: `${where}: i/o timeout` }))
    socket.once('connect', () => answer({ result: 'success', output: '' }))
    socket.once('error', (error) => answer({ result: 'failure', output: `${where}: ${systemError(error)}` }))
  })
}

/** The standard health service (grpc.health.v1): its request holds a name, its answer one number, so both are written by hand. */
function askGrpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAnswer> {
  const client = new Client(authority(host, port), credentials.createInsecure(), { 'grpc.enable_retries': 0 })
  const name = Buffer.from(service)
  const request = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a]), varint(name.length), name])
  const deadline = new Date(Date.now() + timeoutMs)
  return new Promise((resolve) => {
    const answer = (result: ProbeAnswer) => {
      client.close()
      resolve(result)
    }
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0),
      request,
      { deadline },
      (error: ServiceError | null, serving?: number) => {
        if (error === null) {
          const word = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][serving ?? 0] ?? 'UNKNOWN'
          answer(
            word === 'SERVING'
              ? { result: 'success', output: '' }
              : { result: 'failure', output: `service unhealthy (responded with "${word}")` },
          )
        } else answer({ result: 'failure', output: grpcFailure(error, authority(host, port), timeoutMs) })
      },
    )
  })
}

function grpcFailure(error: ServiceError, address: string, timeoutMs: number): string {
  switch (error.code) {
    case status.UNIMPLEMENTED:
      return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`
    case status.DEADLINE_EXCEEDED:
      return `timeout: health rpc did not complete within ${timeoutMs / 1000}s`
    case status.UNAVAILABLE:
      return `timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s: context deadline exceeded`
    default:
      return `error: health rpc probe failed: ${error.details}`
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}

const authority = (host: string, port: number): string => (isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`)

const dialError = (url: URL, error: unknown): string => {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const { syscall } = error as NodeJS.ErrnoException
  return syscall === 'connect' ? `dial tcp ${url.hostname}:${port}: ${systemError(error)}` : systemError(error)
}

/** As Go words the kernel's refusals. */
function systemError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ETIMEDOUT: 'i/o timeout',
    ECONNRESET: 'read: connection reset by peer',
  }
  return words[code ?? ''] ?? message
}
