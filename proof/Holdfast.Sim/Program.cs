using Holdfast.Sim.Runs;

return await Entry.RunAsync(args);
