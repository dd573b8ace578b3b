import type { SimulationRequest, SimulationResult } from '#cli/command.ts'
import { WherryError } from '#lib/errors.ts'
import { readSettings } from '#sim/scenario/behaviour-settings.ts'
import { renderReport } from '#sim/scenario/render.ts'
import { simulateManifests } from '#sim/scenario/simulate-manifests.ts'

/** `wherry simulate`: the command reads words and files, the simulation lives and tells. */
export async function simulate({ images, ...request }: SimulationRequest): Promise<SimulationResult> {
  const behaviours = images.map(({ name, settings: pairs }) => {
    const { settings, problems } = readSettings(pairs, 'image')
    if (problems.length > 0) throw new WherryError('BadRequest', `--image ${name}: ${problems.join('; ')}`)
    return [name, settings] as const
  })
  const report = await simulateManifests({ ...request, images: Object.fromEntries(behaviours) })
  return { ok: report.ok, refused: report.problems.length > 0, report, text: renderReport(report) }
}
