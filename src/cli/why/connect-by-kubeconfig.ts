import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { createHttpsTransport } from '#client/https-transport.ts'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'

/** A way into the cluster of a kubeconfig's current context, as its user. */
export interface KubeconfigConnection {
  readonly transport: Transport
  /** The context's, else `default`. */
  readonly namespace: string
  close(): void
}

/** Throws `Invalid` for a file that is no kubeconfig, and for ways to sign in that only kubectl has (programs, passwords). */
export function connectByKubeconfig(file: string): KubeconfigConnection {
  const { server, namespace, ...credentials } = readKubeconfig(file, (path) => readText(path))
  const transport = createHttpsTransport({ server, ...credentials, clock: systemClock, random: systemRandom })
  return { transport, namespace, close: () => transport.close() }
}

export interface KubeconfigContext {
  readonly server: string
  readonly namespace: string
  readonly ca?: string
  readonly serverName?: string
  readonly certificate?: string
  readonly key?: string
  readonly token?: string
}

/** The current context as it stands. `read` gives the text of a file; paths in a kubeconfig are relative to its folder. */
export function readKubeconfig(file: string, read: (path: string) => string): KubeconfigContext {
  const invalid = (problem: string) => new WherryError('Invalid', `the kubeconfig ${file} ${problem}`)
  const config = parsed()
  const name = config['current-context']
  if (!name) throw invalid('has no current-context')
  const context = pick(config.contexts, name)?.context
  if (context === undefined) throw invalid(`has no context "${name}"`)
  const cluster = pick(config.clusters, context.cluster ?? '')?.cluster
  if (cluster?.server === undefined) throw invalid(`has no cluster "${context.cluster ?? ''}" with a server`)
  const user: User = pick(config.users, context.user ?? '')?.user ?? {}
  if (cluster['insecure-skip-tls-verify'] === true)
    throw invalid('asks for no check of the server (insecure-skip-tls-verify), which is not done here')
  if (user.exec !== undefined || user['auth-provider'] !== undefined)
    throw invalid(`signs in by a program of its own; make one with a token: kubectl create token`)
  if (user.username !== undefined) throw invalid('signs in with a password, which no server of this version takes')
  const ca = text(cluster, 'certificate-authority')
  const certificate = text(user, 'client-certificate')
  const key = text(user, 'client-key')
  const token = user.token ?? (user.tokenFile === undefined ? undefined : read(pathOf(user.tokenFile)).trim())
  return {
    server: cluster.server,
    namespace: context.namespace || 'default',
    ...(ca !== undefined && { ca }),
    ...(cluster['tls-server-name'] && { serverName: cluster['tls-server-name'] }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    ...(token !== undefined && { token }),
  }

  function parsed(): Kubeconfig {
    const source = read(file)
    try {
      return (parse(source) ?? {}) as Kubeconfig
    } catch (cause) {
      throw new WherryError('Invalid', `the kubeconfig ${file} is not YAML: ${(cause as Error).message}`, { cause })
    }
  }

  function pathOf(path: string): string {
    return resolve(dirname(file), path)
  }

  /** The text itself in base64 goes before the path of a file. */
  function text(part: Readonly<Record<string, unknown>>, field: string): string | undefined {
    const [data, path] = [part[`${field}-data`], part[field]]
    if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString()
    return typeof path === 'string' && path !== '' ? read(pathOf(path)) : undefined
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'EACCES') throw new WherryError('Forbidden', `you may not read ${path}`, { cause })
    throw new WherryError('Invalid', `${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

const pick = <T extends { readonly name: string }>(list: readonly T[] | undefined, name: string): T | undefined =>
  list?.find((one) => one.name === name)

/** As much of it as is used (client-go, tools/clientcmd/api/v1). */
interface Kubeconfig {
  readonly 'current-context'?: string
  readonly contexts?: readonly {
    readonly name: string
    readonly context: { readonly cluster?: string; readonly user?: string; readonly namespace?: string }
  }[]
  readonly clusters?: readonly { readonly name: string; readonly cluster: Cluster }[]
  readonly users?: readonly { readonly name: string; readonly user: User }[]
}

interface Cluster extends Readonly<Record<string, unknown>> {
  readonly server?: string
  readonly 'tls-server-name'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
}

interface User extends Readonly<Record<string, unknown>> {
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
}
