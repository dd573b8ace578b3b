/** An API server with controllers and without a node, as any user may run it, for clients that no other test shares. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, until } from './cluster.ts'

export const token = 'e2e-admin-token'

export interface TestServer {
  readonly port: number
  /** A folder for whatever belongs to this server; gone after `close`. */
  readonly folder: string
  /** A kubeconfig as `wherry up` writes it: the administrator by certificate. */
  readonly kubeconfig: string
  /** A kubeconfig for the same server through another port, such as a cable's. */
  kubeconfigThrough(port: number): string
  /** Asks the server as its administrator. Throws with the answer's text unless the status is below 400. */
  ask(method: string, path: string, body?: unknown, type?: string): Promise<Record<string, unknown>>
  /** Ends it as a crash would, between two instructions. */
  kill(): Promise<void>
  /** Starts it again on the same port and data, and waits until it is ready. */
  start(): Promise<void>
  close(): Promise<void>
}

export async function startServer(): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-clients-'))
  const port = await freePort()
  const data = join(folder, 'data')
  const log = join(folder, 'server.log')
  const agent = new Agent({ keepAlive: true })
  let child: ChildProcess | undefined

  function ask(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Record<string, unknown>> {
    const text = body === undefined ? undefined : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method,
          agent,
          ca: authority(),
          headers: { authorization: `Bearer ${token}`, 'content-type': type },
        },
        (answer) => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.once('error', reject)
          answer.once('end', () => {
            const said = Buffer.concat(parts).toString()
            if (answer.statusCode! >= 400) reject(new Error(`${method} ${path} was answered with ${answer.statusCode}: ${said}`))
            else resolve(said.startsWith('{') ? JSON.parse(said) : { said })
          })
        },
      )
      sent.once('error', reject)
      sent.end(text)
    })
  }

  const authority = (): string => readFileSync(join(data, 'ca.crt'), 'utf8')
  const base64 = (file: string): string => readFileSync(join(data, file)).toString('base64')

  async function start(): Promise<void> {
    const output = openSync(log, 'a')
    // The program itself, not the launcher, so that a kill meets the server. Any user may run it; the tests of the node run as root.
    const started = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        join(root, 'src/main/wherry.ts'),
        ...['server', '--components', 'apiserver,controllers', '--listen', `127.0.0.1:${port}`, '--data', data, '--admin-token', token],
      ],
      { stdio: ['ignore', output, output] },
    )
    child = started
    await until(`the API server is ready (${log})`, async () => {
      if (started.exitCode !== null) throw new Error(`it exited with ${started.exitCode}: ${readFileSync(log, 'utf8').slice(-4000)}`)
      return (await ask('GET', '/readyz'))['said'] === 'ok'
    })
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  function kubeconfigThrough(through: number): string {
    const path = join(folder, `kubeconfig-${through}`)
    const cluster = { server: `https://127.0.0.1:${through}`, 'certificate-authority-data': base64('ca.crt') }
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'wherry', cluster }],
      users: [{ name: 'admin', user: { 'client-certificate-data': base64('pki/admin.crt'), 'client-key-data': base64('pki/admin.key') } }],
      contexts: [{ name: 'wherry', context: { cluster: 'wherry', user: 'admin' } }],
      'current-context': 'wherry',
    }
    writeFileSync(path, JSON.stringify(content), { mode: 0o600 })
    return path
  }

  await start()
  return {
    port,
    folder,
    kubeconfig: kubeconfigThrough(port),
    kubeconfigThrough,
    ask,
    kill: () => end('SIGKILL'),
    start,
    async close() {
      agent.destroy()
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port')
  return address.port
}
