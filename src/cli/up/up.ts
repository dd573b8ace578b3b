import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, defaultConfig, nodeAddresses, pkiSubjects, readConfig, writeConfig } from '#host/config.ts'
import { type ContainerdOptions, checkCgroupDriver, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { findDaemon } from '#host/daemon.ts'
import { pauseArchive, pauseImage } from '#host/images/pause.ts'
import { importImages, listImages } from '#host/images/store.ts'
import { welcomeArchive, welcomeImage } from '#host/images/welcome.ts'
import { isJoined } from '#host/join-settings.ts'
import { type Layout, paths } from '#host/layout.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { processEnvironment } from '#host/node-process.ts'
import { installPackages, missing, nodeRequirements } from '#host/packages.ts'
import { kubeconfig } from '#host/pki/kubeconfig.ts'
import { writeAtomically } from '#host/pki/write-atomically.ts'
import { ensurePki, type Pki } from '#host/pki.ts'
import { withPresentAddresses } from '#host/present-addresses.ts'
import { WherryError } from '#lib/errors.ts'
import { alone } from '../alone.ts'
import type { Command, Given, Terminal } from '../command.ts'
import { connectAsAdmin, serverUrl } from '../connect.ts'
import { bringUpJoined } from '../join/bring-up-joined.ts'
import { bringUpFurther, checkFurther } from '../node/bring-up-further.ts'
import { numberOf } from '../node/number-of.ts'
import { createProgress, seconds } from '../progress.ts'
import { requireRoot } from '../require-root.ts'
import { ensureProcess } from './ensure-process.ts'
import { addToFile, contextName, userKubeconfig } from './kubeconfig-file.ts'
import { preflight } from './preflight.ts'
import { settle } from './settle.ts'
import { waitForNode, waitForServer } from './wait.ts'
import { warm } from './warm.ts'
import { createWelcome, waitForPage, welcomeUrl } from './welcome.ts'

/** A machine that just installed its packages may be slow; a healthy one needs a tenth of this. */
const patienceMs = 120_000

export const up: Command = {
  name: 'up',
  summary: 'Start a cluster on this machine, and install what it needs',
  usage: '[options]',
  options: {
    'api-port': { type: 'string', value: 'PORT', help: 'port of the API server (default 6443)' },
    'kubelet-port': { type: 'string', value: 'PORT', help: 'port of the node agent (default 10250)' },
    'node-name': { type: 'string', value: 'NAME', help: "the node's name (default: the host name)" },
    'node-address': {
      type: 'string',
      value: 'ADDRESS',
      help: "the machine's own address, or one of each family with a comma between them (default: the first of IPv4)",
    },
    nodes: {
      type: 'string',
      value: 'N',
      help: 'how many nodes this machine is to have; adds what is missing, takes none away (default 1)',
    },
    'no-welcome': { type: 'boolean', help: 'leave the welcome application out' },
  },
  about:
    'Does only what is still to be done: a cluster that stopped, or whose server or agent was killed, is taken up again with its containers, on all nodes of this machine.\nThe options are kept in the configuration file and count for every later start; nodes stay until "wherry node remove".',
  async run(given, terminal) {
    requireRoot()
    return alone(given.layout, () => bringUp(given, terminal))
  },
}

async function bringUp(given: Given, terminal: Terminal): Promise<number> {
  const startedAt = performance.now()
  const progress = createProgress(terminal, () => performance.now())
  const { layout, options } = given
  const wantedNodes = numberOf(options['nodes'] ?? '1', '--nodes')
  const where = paths(layout)
  const present = readConfig(where.config)
  if (present && isJoined(present)) return bringUpJoined(given, terminal, present)
  const config = settle(present ?? defaultConfig(), options)
  if (present && findDaemon(where.serverPid)) refuseChange(present, config)
  if (wantedNodes > 1) checkFurther(config)
  await progress.step('Looking at this machine', () => preflight(layout, config))
  const lacking = missing(nodeRequirements)
  if (lacking.length > 0)
    await progress.step(
      'Installing packages',
      () => installPackages(lacking),
      (names) => names.join(', '),
    )
  writeConfig(where.config, config)
  const warmed = warm(paths(layout).compileCache, ['server', 'agent'], processEnvironment(layout))
  const pki = await progress.step(
    'Certificates',
    () => prepareIdentity(layout, withPresentAddresses(config)),
    ({ made }) => (made.length > 0 ? 'made' : 'in place'),
  )

  const connection = connectAsAdmin(layout)
  try {
    const withWelcome = !options['no-welcome'] && !existsSync(welcomeMark(layout))
    const images = prepareImages(containerdOptions(layout, config), withWelcome)
    // A failure is told by the step that waits for it; until then nobody looks.
    images.catch(() => {})
    if (warmed) await progress.step('Compiling server and agent', () => warmed)
    const server = ensureProcess('server', layout)
    const since = findDaemon(where.agentPid) ? 0 : Date.now()
    const agent = ensureProcess('agent', layout)
    await progress.step('API server', () => waitForServer(connection, server, where.serverLog, patienceMs))
    await progress.step(
      'Images',
      () => images,
      (made) => (made.length > 0 ? made.join(', ') : 'in place'),
    )
    await progress.step(`Node ${config.nodeName} ready`, () =>
      waitForNode(connection, { name: config.nodeName, since, agent, logs: 'agent', logFile: where.agentLog }, patienceMs),
    )
    await bringUpFurther({ layout, config, connection, progress, patienceMs }, wantedNodes)
    if (withWelcome) {
      await progress.step('Welcome application', () => createWelcome(connection.client))
      writeFileSync(welcomeMark(layout), '', { mode: 0o600 })
    }
    const url = options['no-welcome'] ? undefined : await welcomeUrl(connection.client, nodeAddresses(withPresentAddresses(config))[0]!)
    if (url !== undefined) await progress.step('Welcome page answers', () => waitForPage(url, patienceMs))
    const context = shareKubeconfig(given, terminal, config, pki)
    terminal.out(farewell(url, context, performance.now() - startedAt))
    return 0
  } finally {
    connection.close()
  }
}

/** A running process keeps the settings that it began with: waiting for it under others would be in vain. */
function refuseChange(present: Config, wanted: Config): void {
  for (const [name, value] of Object.entries(wanted))
    if (present[name as keyof Config] !== value)
      throw new WherryError(
        'BadRequest',
        `${name} is ${present[name as keyof Config]} in the running cluster and cannot become ${value} now; "wherry down" first`,
      )
}

/** Certificates and the administrator's kubeconfig. */
async function prepareIdentity(layout: Layout, config: Config): Promise<Pki> {
  const where = paths(layout)
  const pki = await ensurePki({ directory: where.pki, ...pkiSubjects(config) })
  await writeAtomically(where.adminKubeconfig, kubeconfig(kubeconfigEntry(config, pki)))
  return pki
}

const kubeconfigEntry = (config: Config, pki: Pki) => ({
  name: contextName,
  server: serverUrl(config),
  caCertificate: pki.clusterCa.certificate,
  certificate: pki.admin.certificate,
  key: pki.admin.key,
})

/** Makes and imports the images that are not there yet; returns their names. */
async function prepareImages(options: ContainerdOptions, withWelcome: boolean): Promise<string[]> {
  await ensureContainerd(options)
  checkCgroupDriver(options)
  const socket = containerdSocket(options)
  const present = new Set((await listImages(socket)).map(({ name }) => name))
  const made: string[] = []
  if (!present.has(pauseImage)) made.push(...(await importImages(socket, pauseArchive(process.arch as 'x64' | 'arm64'))))
  if (withWelcome && !present.has(welcomeImage)) made.push(...(await importImages(socket, await welcomeArchive())))
  return made
}

/** Says that the welcome application was made once: whoever removes it does not want it back. */
const welcomeMark = (layout: Layout): string => join(layout.dataDirectory, 'welcomed')

/** Puts our context into the user's own kubeconfig; a file that cannot be understood is left alone, and said so. */
function shareKubeconfig({ env }: Given, terminal: Terminal, config: Config, pki: Pki): string | undefined {
  const file = userKubeconfig(env)
  if (file === undefined) return undefined
  try {
    addToFile(file, kubeconfigEntry(config, pki))
    return file
  } catch (error) {
    terminal.error(`  ! ${file} was left as it is: ${(error as Error).message}\n`)
    return undefined
  }
}

function farewell(url: string | undefined, kubeconfigFile: string | undefined, ms: number): string {
  return [
    '',
    `Your cluster is up (${seconds(ms)}).`,
    ...(url ? ['', `  ${url}`] : []),
    '',
    'What next:',
    '  wherry kubectl get nodes,pods --all-namespaces',
    ...(kubeconfigFile ? [`  kubectl --context ${contextName} get pods -A          (${kubeconfigFile} has the context)`] : []),
    '  wherry kubectl create -f examples/nginx-deployment.yaml',
    '  wherry image import FILE…                        (images without a registry)',
    '  wherry status | node add | logs server | down | reset',
    '',
  ].join('\n')
}
