import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { requestMetrics } from '#client/request-metrics.ts'
import { checkCgroupVersion } from '#host/check-cgroup-version.ts'
import { systemClock } from '#host/clock.ts'
import { readConfig } from '#host/config.ts'
import { findDaemon, startDaemon } from '#host/daemon.ts'
import { isJoined, serverUrls } from '#host/join-settings.ts'
import { type Layout, type Paths, paths } from '#host/layout.ts'
import { withPresentAddresses } from '#host/present-addresses.ts'
import { systemRandom } from '#host/random.ts'
import { createKubeletMetrics } from '#kubelet/metrics/kubelet-metrics.ts'
import { startHealthServer } from '#kubelet/server/health-server.ts'
import { WherryError } from '#lib/errors.ts'
import type { AgentContext } from './agent/agent-context.ts'
import { firstCertificate } from './agent/first-certificate.ts'
import { latePods } from './agent/late-pods.ts'
import { makeCsi } from './agent/make-csi.ts'
import { makeDevices } from './agent/make-devices.ts'
import { makeKubelet } from './agent/make-kubelet.ts'
import { makePluginWatcher } from './agent/make-plugin-watcher.ts'
import { makeResources } from './agent/make-resources.ts'
import { makeServer } from './agent/make-server.ts'
import { makeTracer } from './agent/make-tracer.ts'
import { openNodeCertificates } from './agent/node-certificates.ts'
import { nodeConfiguration } from './agent/node-configuration.ts'
import { openKubeletFolder } from './agent/open-kubelet-folder.ts'
import { openRuntime } from './agent/open-runtime.ts'
import { pem } from './agent/pem-files.ts'
import { withPresentFacts } from './agent/present-facts.ts'
import { runNetwork } from './agent/run-network.ts'
import { runRouter } from './agent/run-router.ts'
import { processLog, untilTold } from './process.ts'

/** Runs the agent of this machine's node until it is told to stop. Containers run on. What each part is made of stands in `agent/`. */
export async function runAgent(layout: Layout): Promise<void> {
  const log = processLog('agent')
  const where = paths(layout)
  const written = readConfig(where.config)
  if (!written) throw new WherryError('ServiceUnavailable', `${where.config} is missing; "wherry up" writes it`)
  const known = withPresentAddresses(written)
  if (known !== written)
    log.warn('the machine has another address than the settings say', { settings: written.nodeAddress, has: known.nodeAddress })
  const certificates = openNodeCertificates(known, where, systemClock)
  if (isJoined(known) && !(await isLetIn({ config: known, where, certificates, clock: systemClock, random: systemRandom, log }))) return
  const metrics = createKubeletMetrics(systemClock)
  const transport = createHttpsTransport({
    server: serverUrls(known),
    ca: pem(where, 'ca.crt'),
    certificate: () => certificates.client().certificate,
    key: () => certificates.client().key,
    clock: systemClock,
    random: systemRandom,
    observe: requestMetrics(metrics.registry),
  })
  const client = createClient(transport, { fieldManager: 'wherry-agent' })
  const config = isJoined(known) ? await withPresentFacts(known, where, client, log) : known
  const configuration = nodeConfiguration(config, layout)
  checkCgroupVersion(config, where.config)
  const usualFolder = await openKubeletFolder(where, log)
  const untraced = {
    ...{ config, configuration, where, usualFolder, client },
    ...{ clock: systemClock, random: systemRandom, log, metrics },
  }
  const tracer = makeTracer(untraced)
  const context: AgentContext = { ...untraced, tracer }
  const runtime = await openRuntime(layout, config, systemClock, log, configuration)
  const moved = Promise.withResolvers<'another address'>()
  const network = await runNetwork(context, () => moved.resolve('another address'))
  const router = await runRouter(context)
  const plugins = makePluginWatcher(context)
  const csi = makeCsi(context, () => kubelet)
  plugins.handle('CSIPlugin', csi.drivers.handler)
  const devices = await makeDevices(context, { runtime, plugins, kubelet: () => kubelet, exclusive: () => resources.exclusive })
  const parts = { runtime, pods: latePods(() => kubelet.pods), others: devices.resourceManagers }
  const resources = await makeResources(context, parts)
  const kubelet = makeKubelet(context, runtime, [csi.plugin], resources, [devices.nodeSource, network.nodeSource], network.podNetwork)
  const server = makeServer(context, runtime, kubelet, certificates)
  await server.listen(config.kubeletPort)
  const health = await startHealthServer(configuration, log)
  certificates.keepFresh(context, () => transport.reconnect())
  csi.start()
  await devices.start()
  await plugins.start()
  let isStopping = false
  const started = kubelet.start().then(() => devices.podsAreKnown())
  started.catch((error: unknown) => {
    if (isStopping) return
    // It tries again by itself whatever may pass. What is left would leave an agent that runs for nothing; one that ended is started anew.
    log.error('the kubelet could not start, so the agent ends', { error })
    process.exit(1)
  })

  const reason = await Promise.race([untilTold(), moved.promise])
  isStopping = true
  log.info('stopping', { reason })
  await server.close()
  await health?.close()
  await certificates.stop()
  await plugins.close()
  await kubelet.stop()
  await csi.close()
  await devices.close()
  await router.stop()
  await network.stop()
  await tracer?.close()
  runtime.close()
  transport.close()
  if (reason === 'another address') startAgain(where)
}

/** What an agent is made of knows its node's addresses from the start. Another one takes over, as at every start; who was started by somebody else is started by them. */
function startAgain({ agentPid, agentLog }: Paths): void {
  if (findDaemon(agentPid)?.pid !== process.pid) process.exit(1)
  const [program, ...args] = process.argv as [string, ...string[]]
  startDaemon({ command: program, args: [...process.execArgv, ...args], pidFile: agentPid, logFile: agentLog })
}

/** A machine that joined has to be given a certificate first. False: it was told to stop before that. */
async function isLetIn(options: Omit<Parameters<typeof firstCertificate>[0], 'signal'>): Promise<boolean> {
  const stopping = new AbortController()
  const stop = (signal: string): void => stopping.abort(new Error(`the agent was told to stop by ${signal}`))
  const signals = ['SIGTERM', 'SIGINT'] as const
  for (const signal of signals) process.once(signal, stop)
  try {
    await firstCertificate({ ...options, signal: stopping.signal })
    return true
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    options.log.info('stopping', { error })
    return false
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}
