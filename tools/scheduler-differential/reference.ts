import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { configuration } from '#scheduler/testing/profiles.ts'
import { type ApiClient, createApiClient } from './api-client.ts'

/** The original API server and scheduler, and what the scheduler says. */
export interface Reference {
  readonly api: ApiClient
  /** Lines of the scheduler's log, from now on. Answers how to stop. */
  onLine(listener: (line: string) => void): () => void
  close(): Promise<void>
}

/** Where the original programs lie, where their data goes, and the first of five ports. */
export interface ReferenceOptions {
  readonly programs: string
  readonly folder: string
  readonly port: number
}

const token = 'differential'

/**
 * Starts etcd, kube-apiserver and kube-scheduler on the loopback address. Admission that would change what is written, or refuse it for
 * reasons beside scheduling, is off; the scheduler is the default profile, but searches every node, logs each score, and ranks every pod anew:
 * opportunistic batching would take the ranking of an equal pod before it, and say nothing of the scores.
 */
export async function startReference({ programs, folder, port }: ReferenceOptions): Promise<Reference> {
  rmSync(join(folder, 'etcd'), { recursive: true, force: true })
  mkdirSync(join(folder, 'logs'), { recursive: true })
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const [apiPort, etcdPort, peerPort, schedulerPort] = [port, port + 1, port + 2, port + 4]
  const processes: ChildProcess[] = []
  const run = (name: string, ...parameters: readonly string[]): ChildProcess => {
    const child = spawn(join(programs, name), parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
    processes.push(child)
    if (name !== 'kube-scheduler') {
      const log = createWriteStream(join(folder, 'logs', name))
      child.stdout?.pipe(log)
      child.stderr?.pipe(log)
    }
    return child
  }
  const close = async (): Promise<void> => {
    for (const child of processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await gone
      clearTimeout(late)
    }
  }

  run(
    'etcd',
    `--data-dir=${join(folder, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
  )
  run(
    'kube-apiserver',
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${apiPort}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    '--authorization-mode=AlwaysAllow',
    `--token-auth-file=${file('tokens', `${token},admin,admin,system:masters\n`)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('service-account.pub', publicKey)}`,
    `--service-account-signing-key-file=${file('service-account.key', privateKey)}`,
    '--service-cluster-ip-range=10.96.0.0/12',
    '--allow-privileged=true',
    `--disable-admission-plugins=${quietAdmission.join(',')}`,
    '--event-ttl=5m',
  )
  const api = createApiClient(apiPort, token)
  try {
    await ready(api, '/readyz', processes)
  } catch (error) {
    await close()
    throw error
  }
  const kubeconfig = file('kubeconfig', JSON.stringify(kubeconfigOf(apiPort)))
  const scheduler = run(
    'kube-scheduler',
    `--config=${file('scheduler.json', JSON.stringify(schedulerConfiguration(kubeconfig)))}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${schedulerPort}`,
    `--cert-dir=${join(folder, 'certificates')}`,
    '--feature-gates=OpportunisticBatching=false',
    '--v=2',
    '--vmodule=schedule_one=10,eventhandlers=4,preemption=5,executor=2',
  )
  const listeners = new Set<(line: string) => void>()
  const log = createWriteStream(join(folder, 'logs', 'kube-scheduler'))
  for (const stream of [scheduler.stdout!, scheduler.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`)
      for (const listener of [...listeners]) listener(line)
    })
  }
  const schedulerApi = createApiClient(schedulerPort, token)
  try {
    // What is there before its caches are full it may see in one piece: a pod that ended would never have been there.
    await ready(schedulerApi, '/readyz', processes)
  } catch (error) {
    await close()
    throw error
  } finally {
    schedulerApi.close()
  }
  return {
    api,
    onLine(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      api.close()
      await close()
    },
  }
}

const quietAdmission = [
  'NamespaceLifecycle',
  'LimitRanger',
  'ServiceAccount',
  'TaintNodesByCondition',
  'PodSecurity',
  'DefaultTolerationSeconds',
  'StorageObjectInUseProtection',
  'RuntimeClass',
  'ResourceQuota',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
]

const kubeconfigOf = (port: number) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'c',
  clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'u', user: { token } }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
})

const schedulerConfiguration = (kubeconfig: string) => ({
  ...configuration,
  clientConnection: { kubeconfig, qps: 10_000, burst: 20_000 },
  leaderElection: { leaderElect: false },
  podInitialBackoffSeconds: 1,
  podMaxBackoffSeconds: 1,
})

async function ready(api: ApiClient, path: string, processes: readonly ChildProcess[]): Promise<void> {
  for (let left = 600; ; left -= 1) {
    const dead = processes.find(({ exitCode }) => exitCode !== null)
    if (dead !== undefined) throw new Error(`${dead.spawnfile} ended with ${dead.exitCode}; see the logs folder`)
    try {
      await api.call('GET', path)
      return
    } catch (error) {
      if (left === 0) throw new Error(`${path} was not well within a minute`, { cause: error })
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
