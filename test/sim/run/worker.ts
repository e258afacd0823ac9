/** A process that lives seeds of the real swarm; `npm run sim` starts one for each core. */

import { serve } from './serve.js'

await serve(async () => {
  const [{ drawPlan }, { live }, { banGlobals }] = await Promise.all([
    import('../swarm/plan.js'),
    import('../swarm/life.js'),
    import('../world/banned.js'),
  ])
  return { drawPlan, live, banGlobals }
})
