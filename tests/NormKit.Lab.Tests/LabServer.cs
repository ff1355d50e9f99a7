using System.Net;
using System.Net.Sockets;

namespace NormKit.Lab.Tests;

/// <summary>Serves the published page on the loopback address, compressed where the publish has made a compressed file.</summary>
internal sealed class LabServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly string root;
    private long bytesSent;

    public LabServer(string root)
    {
        this.root = root;
        int port = FreePort();
        Origin = $"http://127.0.0.1:{port}";
        listener.Prefixes.Add($"{Origin}/");
        listener.Start();
        _ = Task.Run(Serve);
    }

    public string Origin { get; }

    /// <summary>The bytes of all bodies sent so far.</summary>
    public long BytesSent => Interlocked.Read(ref bytesSent);

    /// <summary>Where the published page is: artifacts/lab/wwwroot above the test's own folder, or the folder that NORMKIT_LAB names.</summary>
    public static string? FindPublished()
    {
        if (Environment.GetEnvironmentVariable("NORMKIT_LAB") is string given)
            return File.Exists(Path.Combine(given, "index.html")) ? given : null;
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string published = Path.Combine(folder, "artifacts", "lab", "wwwroot");
            if (File.Exists(Path.Combine(published, "index.html")))
                return published;
        }
        return null;
    }

    public void Dispose() => listener.Close();

    private async Task Serve()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            _ = Task.Run(() => Answer(context));
        }
    }

    private void Answer(HttpListenerContext context)
    {
        string path = Uri.UnescapeDataString(context.Request.Url!.AbsolutePath);
        string file = Path.GetFullPath(Path.Combine(root, path.TrimStart('/') + (path.EndsWith('/') ? "index.html" : "")));
        HttpListenerResponse response = context.Response;
        try
        {
            if (!file.StartsWith(root, StringComparison.Ordinal) || !File.Exists(file))
            {
                response.StatusCode = 404;
                response.Close();
                return;
            }
            response.ContentType = Path.GetExtension(file) switch
            {
                ".html" => "text/html; charset=utf-8",
                ".js" => "text/javascript",
                ".css" => "text/css",
                ".wasm" => "application/wasm",
                ".svg" => "image/svg+xml",
                _ => "application/octet-stream",
            };
            response.Headers["Cache-Control"] = "no-cache";
            if (File.Exists(file + ".br") && (context.Request.Headers["Accept-Encoding"] ?? "").Contains("br", StringComparison.Ordinal))
            {
                response.Headers["Content-Encoding"] = "br";
                file += ".br";
            }
            byte[] content = File.ReadAllBytes(file);
            Interlocked.Add(ref bytesSent, content.Length);
            response.OutputStream.Write(content);
            response.Close();
        }
        catch (Exception error) when (error is HttpListenerException or IOException or ObjectDisposedException)
        {
            // The browser has gone away.
        }
    }

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
