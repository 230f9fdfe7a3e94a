/** For those who compare two reports and show what differs: `netarium diff`, and scenarios. */
export { compareReports } from './compare.js';
export type { Comparison, Consequence, Difference, Ending, Moment, ResultDifference } from './comparison.js';
export { checkReport, readReport } from './read-report.js';
export { renderComparison } from './render.js';
