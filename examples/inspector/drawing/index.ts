export { activePaths, findStates, flatten } from './chart-parts.ts'
export { drawSvg } from './draw-svg.ts'
export { layOutChart } from './lay-out-chart.ts'
