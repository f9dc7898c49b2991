using Holdfast.Lab.Commands;

return await Entry.RunAsync(args);
